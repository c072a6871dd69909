-- expect: broken attempt to
-- The name of a type, of a megabyte, in a message about it.
local t = setmetatable({}, { __name = ("n"):rep(1 << 20) })
return t + 1
