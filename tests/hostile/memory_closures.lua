-- expect: over memory
-- Functions, each with a variable of its own.
local t = {}
while true do
	local x = #t
	t[x + 1] = function() return x end
end
