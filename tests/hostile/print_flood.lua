-- expect: over output
-- What a script says is limited.
while true do
	print(("x"):rep(1000))
end
