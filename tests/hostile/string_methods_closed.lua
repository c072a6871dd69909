-- expect: done
-- The methods of texts are everybody's.
local m = getmetatable("")
assert(type(m) ~= "table")
assert(not pcall(setmetatable, "", {}))
assert(not pcall(function() getmetatable("").__index = {} end))
assert(not pcall(function() ("x").upper = print end))
