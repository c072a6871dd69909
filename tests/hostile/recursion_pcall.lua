-- expect: done
-- pcall in pcall in pcall, until it is enough.
local depth = 0
local function deeper()
	depth = depth + 1
	return pcall(deeper)
end
deeper()
assert(depth > 50)
