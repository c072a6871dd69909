-- expect: failed
-- A function.
error(print)
