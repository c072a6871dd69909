-- expect: broken resulting string too large
-- More than any machine has.
return #string.rep("x", 1 << 40)
