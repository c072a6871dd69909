-- expect: over cpu
-- 2^53 elements, each of which a C function finds: nothing that a hook would see.
table.concat(setmetatable({}, { __len = function() return 2 ^ 53 end, __index = setmetatable({}, { __index = function() return "" end }) }))
