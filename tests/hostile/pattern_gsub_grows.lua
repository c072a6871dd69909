-- expect: over memory
-- Each round makes the text ten times as long.
local s = "x"
while true do
	s = s:gsub(".", "%0%0%0%0%0%0%0%0%0%0")
end
