-- expect: over cpu
-- All integers there are; the counter must not wrap round either.
local n = 0
for i = math.mininteger, math.maxinteger do
	n = n + (i & 1)
end
