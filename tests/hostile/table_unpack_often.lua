-- expect: over cpu
-- As many as it has, again and again.
while true do
	select("#", table.unpack({}, 1, 4999))
end
