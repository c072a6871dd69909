-- expect: over cpu
-- Two thousand million elements that are not there, ordered by a C function.
table.sort(setmetatable({}, { __len = function() return 2 ^ 31 - 2 end }), rawequal)
