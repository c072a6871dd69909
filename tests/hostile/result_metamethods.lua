-- expect: done
-- Nobody asks the value's metamethods.
return setmetatable({}, { __index = function() while true do end end, __len = function() return 2 ^ 53 end, __pairs = function() while true do end end })
