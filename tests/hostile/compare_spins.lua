-- expect: over cpu
-- __eq, __lt and __le from where a script would not expect a call.
local m = {}
m.__eq = function() return false end
m.__lt = function() while true do end end
local a, b = setmetatable({}, m), setmetatable({}, m)
if a == b then return end
table.sort({ a, b, a, b })
