-- expect: over wall
-- Sleeps of 10^308 seconds.
while true do
	pipe.sleep(1e308)
end
