-- expect: done
-- Begun in one coroutine, gone on with in another one, which ends first.
local rows = ctx.evidence.findings{}
local co = coroutine.wrap(function()
	for row in rows do coroutine.yield(row) end
end)
co()
coroutine.wrap(function() for row in rows do break end end)()
pcall(co)
