-- expect: over cpu
-- A field whose value never comes.
local t = setmetatable({}, { __index = function() while true do end end })
return t.anything
