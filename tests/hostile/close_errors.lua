-- expect: failed first
-- An error while an error is on its way: the first is the cause.
local held <close> = setmetatable({}, { __close = function() error("second") end })
error("first")
