-- expect: broken __gc is not available
-- A finalizer would run outside of any limit.
setmetatable({}, { __gc = function() while true do end end })
