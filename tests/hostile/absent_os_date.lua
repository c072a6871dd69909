-- expect: done
-- Formats that C libraries do not all survive.
for _, format in ipairs{ "%", "%E", "%Ez", "%O", ("%c"):rep(10000), "%\0", "!%Q", "*t", "!*t", "%q" } do
	pcall(os.date, format, 0)
	pcall(os.date, format, math.maxinteger)
	pcall(os.date, format, math.mininteger)
	pcall(os.date, format, 1e308)
end
pcall(os.time, { year = math.maxinteger, month = 1, day = 1 })
pcall(os.time, { year = 2024, month = math.mininteger, day = 1e308 })
