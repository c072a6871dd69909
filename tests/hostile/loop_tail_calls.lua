-- expect: over cpu
-- Recursion that takes no stack.
local ping
local function pong(n) return ping(n + 1) end
function ping(n) return pong(n - 1) end
ping(0)
