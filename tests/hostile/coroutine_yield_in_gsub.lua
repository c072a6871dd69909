-- expect: broken attempt to yield across a C-call boundary
-- The same from a replacement.
coroutine.wrap(function() return (("abc"):gsub(".", coroutine.yield)) end)()
