-- expect: over memory
-- All of the texts in between are kept.
local t = { "x" }
for i = 2, math.huge do
	t[i] = t[i - 1] .. t[i - 1]
end
