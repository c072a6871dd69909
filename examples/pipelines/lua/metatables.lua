-- Operators, inheritance, integer and float keys.
local vector = {}
vector.__index = vector
vector.__add = function(a, b) return setmetatable({ x = a.x + b.x, y = a.y + b.y }, vector) end
vector.__eq = function(a, b) return a.x == b.x and a.y == b.y end
vector.__lt = function(a, b) return a:length() < b:length() end
vector.__tostring = function(v) return ("(%g, %g)"):format(v.x, v.y) end
function vector.length(v) return math.sqrt(v.x ^ 2 + v.y ^ 2) end
local function new(x, y) return setmetatable({ x = x, y = y }, vector) end
assert(new(1, 2) + new(3, 4) == new(4, 6) and new(3, 4):length() == 5.0)
assert(tostring(new(1, 2.5)) == "(1, 2.5)" and new(1, 1) < new(2, 2))
local t = { [1] = "integer" }
t[1.0] = "the same"
assert(t[1] == "the same" and math.type(1.0) == "float")
local log = {}
local proxy = setmetatable({}, { __newindex = function(_, k, v) log[#log + 1] = k .. "=" .. v end, __len = function() return 99 end })
proxy.a = 1
proxy.b = 2
assert(table.concat(log, " ") == "a=1 b=2" and #proxy == 99)
print("metatables: ok")
