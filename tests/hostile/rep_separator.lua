-- expect: over memory
-- The separator is what grows.
return #string.rep("", 1 << 10, ("x"):rep(1 << 20))
