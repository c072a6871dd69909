-- expect: over cpu
-- Saying a value asks it for its text.
pipe.log(setmetatable({}, { __tostring = function() while true do end end }))
