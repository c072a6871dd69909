-- expect: failed
-- Nothing was wrong.
error(nil)
