-- expect: done
-- The table shrinks while it is sorted.
local t = {}
for i = 1, 200 do t[i] = i * 7919 % 200 end
pcall(table.sort, t, function(a, b)
	t[#t] = nil
	return (a or 0) < (b or 0)
end)
