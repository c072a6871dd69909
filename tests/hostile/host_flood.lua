-- expect: over cpu
-- Called without end.
while true do
	host.echo({ 1, 2, 3 })
end
