-- expect: over cpu
-- Each next looks through a hundred thousand places that were emptied.
local t = {}
for i = 1, 100000 do t["k" .. i] = true end
for k in pairs(t) do t[k] = nil end
while true do
	next(t)
end
