-- expect: failed __tostring failed
-- Its text is too long.
error(setmetatable({}, { __tostring = function() return ("x"):rep(1 << 30) end }))
