-- expect: over output
-- All ways of saying something count.
while true do
	pipe.warn("x")
end
