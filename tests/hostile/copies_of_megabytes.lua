-- expect: over cpu
-- Few instructions, each of which moves megabytes.
local s = ("x"):rep(3 << 20)
while true do
	local _ = s .. "y"
end
