-- expect: over cpu
-- __len, asked for by table.unpack.
return table.unpack(setmetatable({}, { __len = function() while true do end end }))
