-- expect: over memory
-- Empty tables, all of them kept.
local t = {}
while true do
	t = { t }
end
