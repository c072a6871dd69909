-- expect: done
-- Chunks get the globals that they are given, and these alone.
local mine = {}
assert(load("x = 1", "x", "t", mine))()
assert(mine.x == 1 and x == nil)
assert(not pcall(load("return string.upper('x')", "x", "t", {})))
assert(not pcall(load("x = 1", "x", "t", nil)))
