-- expect: done
-- A thousand million laughs.
local t = { "a: &a [x, x, x, x, x, x, x, x, x, x]" }
for i = 1, 12 do
	local last, this = string.char(96 + i), string.char(97 + i)
	t[#t + 1] = this .. ": &" .. this .. " [" .. ("*" .. last .. ", "):rep(9) .. "*" .. last .. "]"
end
local value, why = pipe.yaml.decode(table.concat(t, "\n"))
assert(value == nil and why)
