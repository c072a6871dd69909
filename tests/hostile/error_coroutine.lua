-- expect: failed
-- A thread.
error(coroutine.create(print))
