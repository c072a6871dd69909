-- expect: over depth
-- Calls of Lua in one another take room on its stack.
local function deeper(n) return 1 + deeper(n + 1) end
deeper(1)
