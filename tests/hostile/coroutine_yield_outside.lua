-- expect: broken outside a coroutine
-- There is nobody to yield to.
coroutine.yield("what a driver might take for its own")
