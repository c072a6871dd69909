-- expect: done
-- Asking for it by name does not help.
local f, why = load("\27Lua", "x", "b")
assert(f == nil and why)
assert(load("return 1", "x", "b") == nil)
