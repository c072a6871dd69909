-- expect: over memory
-- Short texts, no two alike.
local t, i = {}, 0
while true do
	i = i + 1
	t[i] = "text number " .. i
end
