-- expect: over memory
-- Twenty-three times are enough.
local s = "x"
while true do
	s = s .. s
end
