-- expect: over cpu
-- A limit is no error that could be caught.
while true do
	pcall(function() while true do end end)
end
