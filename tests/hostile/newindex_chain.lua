-- expect: broken '__newindex' chain too long
-- Writing in a circle.
local t = {}
t.__newindex = t
setmetatable(t, t)
t.x = 1
