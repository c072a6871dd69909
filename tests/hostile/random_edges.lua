-- expect: done
-- Intervals that are none, or all.
assert(not pcall(math.random, 2, 1) and not pcall(math.random, 0, 0, 0) and not pcall(math.random, 0.5))
assert(math.random(0) and math.random(math.mininteger, math.maxinteger))
for i = 1, 100 do
	local r = math.random(math.maxinteger - 1, math.maxinteger)
	assert(r >= math.maxinteger - 1)
end
math.randomseed(42)
