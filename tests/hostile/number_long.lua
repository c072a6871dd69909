-- expect: over cpu
-- Digits without end.
local s = ("9"):rep(2 << 20)
while true do
	tonumber(s)
	tonumber(s, 10)
end
