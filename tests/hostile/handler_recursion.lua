-- expect: done
-- A handler that calls for a handler.
local function handler(e)
	return select(2, xpcall(error, handler, e))
end
assert(not xpcall(error, handler, "x"))
