-- expect: over
-- The same where Lua's stack is large already, so that it does not even ask for memory.
local function deeper(n) if n > 0 then return 1 + deeper(n - 1) end return 0 end
deeper(2500)
local t = {}
t.__call = t
setmetatable(t, t)
return t()
