-- expect: broken invalid order function for sorting
-- Each is less than each.
local t = {}
for i = 1, 100 do t[i] = i end
table.sort(t, function() return true end)
