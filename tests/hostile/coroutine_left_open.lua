-- expect: done
-- Left behind half way, with something to close that would never end.
for i = 1, 20 do
	coroutine.wrap(function()
		local held <close> = setmetatable({}, { __close = function() while true do end end })
		coroutine.yield()
	end)()
end
