-- expect: over waits
-- Short, but many of them.
for i = 1, math.huge do
	pipe.sleep(0)
end
