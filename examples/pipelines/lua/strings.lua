-- Patterns, formats and UTF-8.
local words = {}
for word in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do
	words[#words + 1] = word:sub(1, 1):upper() .. word:sub(2)
end
assert(table.concat(words, " ") == "The Quick Brown Fox Jumps Over The Lazy Dog")
assert(("%5.2f|%-6s|%04d|%q"):format(math.pi, "ab", 42, "a\nb") == " 3.14|ab    |0042|\"a\\\nb\"")
assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key")
assert(("x"):rep(1000, ","):gsub("x", "") == (","):rep(999))
assert(utf8.len("äöü€") == 4 and utf8.char(0x20AC) == "€")
assert(string.unpack("<I4", string.pack("<I4", 0xdeadbeef)) == 0xdeadbeef)
assert(tostring(1e15) == "1e+15" and 7 // 2 == 3 and -7 % 3 == 2 and 1 << 62 > 0)
print("strings: ok")
