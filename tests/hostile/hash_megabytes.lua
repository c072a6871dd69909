-- expect: over cpu
-- Each key is a text that was never seen before.
local t, s = {}, ("x"):rep(2 << 20)
while true do
	local _ = t[s .. "y"]
end
