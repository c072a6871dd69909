-- expect: done
-- Small functions with large and odd arguments.
for _, name in ipairs{ "duration", "bytes", "date", "severity", "glob_match", "version", "now" } do
	for _, value in ipairs{ 0 / 0, 1 / 0, -1 / 0, math.mininteger, math.maxinteger, -1, 1e308, "x", {}, true, ("x"):rep(100000) } do
		pcall(pipe[name], value)
		pcall(pipe[name], value, value)
		pcall(pipe[name], 0, value)
	end
	pcall(pipe[name])
end
