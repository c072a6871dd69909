-- expect: done
-- Where integers end.
assert(math.mininteger // -1 == math.mininteger and math.mininteger % -1 == 0)
assert(not pcall(function() return 1 // 0 end) and not pcall(function() return 1 % 0 end))
assert(1 << 64 == 0 and 1 >> -64 == 0 and 1 << math.mininteger == 0)
assert(not pcall(function() return 1 << 0.5 end) and not pcall(function() return 2 ^ 63 | 0 end))
local n = 0
for i = math.maxinteger - 1, math.maxinteger do n = n + 1 end
for i = math.mininteger + 1, math.mininteger, -1 do n = n + 1 end
assert(n == 4)
assert(not pcall(function() for i = 1, 2, 0 do end end))
assert(math.tointeger("x") == nil and tostring(-0.0) == "-0.0" and tonumber("0x") == nil and tonumber(("9"):rep(400)) == math.huge)
