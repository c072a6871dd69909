-- expect: done
-- All bytes of a long text as values: refused, or too much for the stack.
local s = ("x"):rep(3 << 20)
assert(not pcall(string.byte, s, 1, -1))
assert(not pcall(string.byte, s, math.mininteger, math.maxinteger))
