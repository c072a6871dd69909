-- expect: done
-- What is no UTF-8.
for _, s in ipairs{ "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "a\x80", "\xfd\xbf\xbf\xbf\xbf\xbf" } do
	assert(not utf8.len(s))
	pcall(function() for _ in utf8.codes(s) do end end)
	pcall(utf8.codepoint, s, 1, -1)
	pcall(utf8.codepoint, s, 1, -1, true)
end
assert(not pcall(utf8.char, -1) and not pcall(utf8.char, 1 << 31))
