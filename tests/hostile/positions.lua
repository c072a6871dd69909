-- expect: done
-- Positions beyond all ends.
local far = { math.mininteger, math.mininteger + 1, -1e15 // 1 | 0, -1, 0, 1, 2 ^ 53 | 0, math.maxinteger - 1, math.maxinteger }
for _, i in ipairs(far) do
	for _, j in ipairs(far) do
		local _ = ("abc"):sub(i, j)
		pcall(string.byte, "abc", i, j)
		pcall(string.find, "abc", "b", i, j > 0)
		pcall(string.match, "abc", "()b", i)
		pcall(string.gmatch, "abc", "b", i)
		pcall(string.gsub, "abc", "b", "", i)
		pcall(utf8.len, "abc", i, j)
		pcall(utf8.codepoint, "abc", i, j)
		pcall(utf8.offset, "abc", i, j)
		pcall(string.unpack, "b", "abc", i)
		pcall(table.concat, {}, "", i, i)
		pcall(select, i, 1, 2)
	end
end
