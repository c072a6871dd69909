-- expect: done
-- A million brackets.
for _, bracket in ipairs{ "[", '{"a":' } do
	local value, why = pipe.json.decode(bracket:rep(bracket == "[" and 1000000 or 200000))
	assert(value == nil and why)
end
