-- expect: over cpu
-- An iterator that always has one more.
for _ in pairs(setmetatable({}, { __pairs = function() return function() return 1 end end })) do end
