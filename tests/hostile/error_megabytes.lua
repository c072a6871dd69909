-- expect: failed
-- A message of two megabytes.
error(("x"):rep(2 << 20))
