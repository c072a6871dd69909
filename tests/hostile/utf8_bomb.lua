-- expect: over memory
-- Characters of six bytes.
local t = {}
for i = 1, 200 do t[i] = 0x7FFFFFFF end
local s = utf8.char(table.unpack(t))
while true do
	s = s .. s:gsub(utf8.charpattern, "%0%0")
end
