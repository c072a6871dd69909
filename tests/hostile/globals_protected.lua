-- expect: broken metatable
-- The globals' way to what is shared.
setmetatable(_G, { __index = function() return 1 end })
