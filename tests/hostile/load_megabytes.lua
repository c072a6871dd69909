-- expect: done
-- A program of two megabytes is refused or compiled, but never too much for the process.
local f, why = load(("x = 1\n"):rep(350000))
assert(f or why)
