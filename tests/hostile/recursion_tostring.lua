-- expect: broken stack overflow
-- A text that needs its own text.
local t = setmetatable({}, { __tostring = function(t) return "<" .. tostring(t) .. ">" end })
return tostring(t)
