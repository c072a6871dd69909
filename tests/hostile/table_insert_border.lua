-- expect: over cpu
-- A table of a few elements whose border lies at 2^62.
local t = {}
for i = 0, 62 do
	t[1 << i], t[(1 << i) + 1] = 1, 1
end
table.insert(t, 1, 1)
