-- expect: done
-- A sleep of no number at all, of less than nothing, of words.
assert(not pcall(pipe.sleep, 0 / 0))
pcall(pipe.sleep, -1)
pcall(pipe.sleep, math.mininteger)
assert(not pcall(pipe.sleep, "long") and not pcall(pipe.sleep))
