-- expect: broken object length is not an integer
-- A length that is none.
return table.concat(setmetatable({}, { __len = function() return "many" end }))
