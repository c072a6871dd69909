-- expect: done
-- Texts that parsers have died of.
for _, text in ipairs{ "", " ", "\0", "{", '"', '"\\u', '"\\ud800"', '"\\u0000"', "1e999999", "-", "1e", "00", "[1,]", "{1:2}", "nul", "\xef\xbb\xbf[]", '"\xff"', "[]]", '{"a":1,"a":2}', "9223372036854775808", "123456789012345678901234567890", ("9"):rep(100000), '{"__index":{}}' } do
	pcall(pipe.json.decode, text)
end
