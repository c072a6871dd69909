-- expect: broken metatable
-- By another metatable.
setmetatable(math, {})
