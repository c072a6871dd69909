-- expect: broken attempt to yield across a C-call boundary
-- Out of a C function that cannot be left for a while.
coroutine.wrap(function() table.sort({ 3, 2, 1 }, coroutine.yield) end)()
