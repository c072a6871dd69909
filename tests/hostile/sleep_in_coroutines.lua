-- expect: done
-- Waiting from coroutines in coroutines, through pcall and metamethods.
local t = setmetatable({}, { __index = function(_, k)
	pipe.sleep(0)
	return k
end })
local inner = coroutine.wrap(function()
	for i = 1, 3 do
		assert(select(2, pcall(function() return t[i] end)) == i)
		coroutine.yield(i)
	end
end)
local outer = coroutine.wrap(function()
	for i = 1, 3 do coroutine.yield(inner()) end
end)
assert(outer() == 1 and outer() == 2 and outer() == 3)
