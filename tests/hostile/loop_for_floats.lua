-- expect: over cpu
-- A step so small that the counter never moves.
for x = 1, 2, 1e-300 do
	local _ = x
end
