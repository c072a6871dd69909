-- expect: over memory
-- Two thousand million bytes of padding.
return #string.pack("c2147483647", "x")
