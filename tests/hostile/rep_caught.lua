-- expect: over memory
-- That memory is over cannot be caught and tried again.
while true do
	pcall(string.rep, "x", 1 << 30)
end
