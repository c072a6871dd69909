-- expect: failed
-- A table that holds itself, is its own metatable and names itself.
local t = {}
t[t], t.__index, t.__tostring, t.__name = t, t, t, t
setmetatable(t, t)
error(t)
