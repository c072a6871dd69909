-- expect: done
-- C functions as bodies.
assert(coroutine.wrap(string.rep)("x", 3) == "xxx")
assert(coroutine.resume(coroutine.create(pcall), error, "x"))
assert(not coroutine.resume(coroutine.create(coroutine.wrap)))
coroutine.wrap(coroutine.wrap)(print)
