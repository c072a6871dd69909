-- expect: over cpu
-- What ends a match is no error that could be caught.
while true do
	pcall(string.find, ("a"):rep(3000), ("a*"):rep(30) .. "b")
end
