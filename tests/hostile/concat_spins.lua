-- expect: over cpu
-- __concat, right to left.
local m = setmetatable({}, { __concat = function() while true do end end })
return "a" .. "b" .. m
