-- expect: over cpu
-- A length that lies.
table.insert(setmetatable({}, { __len = function() return 2 ^ 53 end }), 1, 1)
