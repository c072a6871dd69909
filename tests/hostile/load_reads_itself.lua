-- expect: done
-- A reader that loads with a reader that loads.
local depth = 0
local function reader()
	depth = depth + 1
	if depth < 1000 then load(reader) end
end
pcall(load, reader)
assert(depth > 1)
