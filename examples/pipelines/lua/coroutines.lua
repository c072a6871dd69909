-- Generators, and yielding across protected calls.
local function permutations(a, n)
	n = n or #a
	if n <= 1 then coroutine.yield(a) end
	for i = 1, n do
		a[n], a[i] = a[i], a[n]
		if n > 1 then permutations(a, n - 1) end
		a[n], a[i] = a[i], a[n]
	end
end
local count = 0
for _ in coroutine.wrap(function() permutations({ 1, 2, 3, 4, 5, 6, 7 }) end) do count = count + 1 end
assert(count == 5040)
local co = coroutine.create(function() local ok, e = pcall(function() coroutine.yield(1); error("late") end); return ok, e end)
assert(select(2, coroutine.resume(co)) == 1)
local _, ok, e = coroutine.resume(co)
assert(ok == false and e:find("late") and coroutine.status(co) == "dead")
local ring = {}
for i = 1, 200 do ring[i] = coroutine.wrap(function() while true do coroutine.yield(i) end end) end
for i = 1, 200 do assert(ring[i]() == i) end
print("coroutines: ok")
