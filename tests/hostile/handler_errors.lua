-- expect: done
-- Errors in error handlers, all the way down.
local ok = xpcall(error, function(e) error(e) end, "x")
assert(not ok)
local depth = 0
local function handler(e)
	depth = depth + 1
	local _ = nil + e
end
assert(not xpcall(error, handler, "x"))
