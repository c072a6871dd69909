-- expect: broken '__index' chain too long
-- A table that looks for what it lacks in itself.
local t = {}
t.__index = t
setmetatable(t, t)
return t.missing
