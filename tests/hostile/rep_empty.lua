-- expect: done
-- Nothing, 2^53 times: Lua's own function would go on for months.
assert(string.rep("", 2 ^ 53) == "")
assert(string.rep("", math.maxinteger, "") == "")
