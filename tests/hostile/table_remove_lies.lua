-- expect: over cpu
-- The other way.
table.remove(setmetatable({}, { __len = function() return 2 ^ 53 end, __index = rawlen, __newindex = rawequal }), 1)
