-- expect: broken '__tostring' must return a string
-- A text that is none.
return tostring(setmetatable({}, { __tostring = function() return {} end }))
