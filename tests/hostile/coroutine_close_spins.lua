-- expect: over cpu
-- Closed from outside, it closes what it holds.
local co = coroutine.create(function()
	local held <close> = setmetatable({}, { __close = function() while true do end end })
	coroutine.yield()
end)
coroutine.resume(co)
coroutine.close(co)
