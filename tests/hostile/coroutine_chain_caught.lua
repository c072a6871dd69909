-- expect: done
-- The same, caught on each floor: it comes back, and all is well.
local deepest = 0
local function go(n)
	deepest = n
	pcall(coroutine.wrap(go), n + 1)
end
go(1)
assert(deepest > 10 and deepest < 400)
