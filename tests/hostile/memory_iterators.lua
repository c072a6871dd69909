-- expect: over memory
-- Userdata of the library's.
local t = {}
while true do
	t[#t + 1] = ("x"):gmatch(".")
end
