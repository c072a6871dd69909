-- expect: done
-- This one Lua allows: out of pcall, out of a metamethod, out of an iterator, and back.
local co = coroutine.wrap(function()
	local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end, __add = function() return coroutine.yield("+") end })
	local ok, why = pcall(function()
		local sum = t.a + (t + t)
		for k in function(_, last) return coroutine.yield(last) end do sum = sum + k end
		error({ sum })
	end)
	return why[1]
end)
assert(co() == "a" and co(1) == "+" and co(2) == nil and co(10) == 10 and co(nil) == 13)
