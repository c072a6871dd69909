-- expect: over cpu
-- The end of a text is looked for up to the end of megabytes, again and again.
local s = ("x"):rep(2 << 20)
while true do
	pcall(string.unpack, "z", s)
end
