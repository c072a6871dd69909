-- expect: over
-- __call of a table is the table: Lua looks for a function for ever, in one instruction.
local t = {}
t.__call = t
setmetatable(t, t)
return t()
