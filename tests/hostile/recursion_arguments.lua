-- expect: over depth
-- A stack full of arguments, and the same again on top of it.
local function more(...)
	local first = more(...)
	return first
end
more(table.unpack({}, 1, 240))
