-- expect: done
-- What a wait yields cannot be had by a script: coroutines of its own see their values alone.
local co = coroutine.create(function()
	pipe.sleep(0)
	coroutine.yield("mine")
end)
local ok, value = coroutine.resume(co)
assert(ok and value == "mine")
