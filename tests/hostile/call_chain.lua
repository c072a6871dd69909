-- expect: over depth
-- Called is what __call of it is, which calls it.
local t
t = setmetatable({}, { __call = function() return 1 + t() end })
return t()
