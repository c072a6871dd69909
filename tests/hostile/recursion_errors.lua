-- expect: done
-- Errors that cause errors while they are handled.
local function f() return xpcall(f, f) end
f()
