-- expect: over cpu
-- The longest that a number can be.
while true do
	local _ = ("%99.99f%99.99f%99.99f%99.99f"):format(1e308, -1e308, 1e308, -1e308)
end
