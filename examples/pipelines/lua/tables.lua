-- Sorting, moving, the border between a table's two parts.
local n, t = 20000, {}
local seed = 42
for i = 1, n do
	seed = (seed * 1103515245 + 12345) % 2147483648
	t[i] = seed
end
table.sort(t, function(a, b) return a > b end)
for i = 2, n do assert(t[i - 1] >= t[i]) end
for i = n, 1, -1 do assert(table.remove(t) and #t == i - 1) end
for i = 1, 100 do t[i * i] = i end
local sum = 0
for _, v in pairs(t) do sum = sum + v end
assert(sum == 5050 and next({}) == nil)
assert(table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ",") == "1,1,2,3")
assert(select("#", table.unpack({ 1, nil, 3 }, 1, 3)) == 3)
print("tables: ok")
