-- expect: over cpu
-- Its text never comes.
error(setmetatable({}, { __tostring = function() while true do end end }))
