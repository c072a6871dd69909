-- expect: done
-- The one that runs the script itself cannot be taken hold of, or at least not be resumed.
local main = coroutine.running()
local ok = coroutine.wrap(function() return (coroutine.resume(main)) end)()
assert(not ok)
