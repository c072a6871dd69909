-- expect: broken stack overflow
-- A comparison that sorts.
local function order(a, b)
	table.sort({ 3, 2, 1 }, order)
	return a < b
end
table.sort({ 3, 2, 1 }, order)
