-- expect: over cpu
-- Bytes that continue nothing, passed over at each step of an iterator that a script calls by itself.
local s = "a" .. ("\x80"):rep(2 << 20)
local next_code = utf8.codes("a")
while true do
	pcall(next_code, s, 1)
	pcall(utf8.offset, s, 0, #s)
	pcall(utf8.len, s)
end
