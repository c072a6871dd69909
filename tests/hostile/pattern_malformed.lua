-- expect: done
-- Each wrong in its own way, at the very end of the text that holds it.
for _, p in ipairs{ "%", "[", "[^", "[]", "[%", "[a-", "[a-%", "%b", "%bx", "%f", "%fx", "(", "(()", ")", "%1", "(%1)", "%0", "a%", "[[]", "()%1" } do
	pcall(string.find, "aaa", p)
	pcall(string.gsub, "aaa", p, "%1%2%")
	pcall(function() for _ in string.gmatch("aaa", p) do end end)
end
local ok, why = pcall(string.gsub, "abc", "b", "%")
assert(not ok and why:find("invalid use of '%' in replacement string", 1, true))
