-- expect: over memory
-- As much as many machines have.
return #string.rep("x", 1 << 30)
