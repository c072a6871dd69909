-- expect: done
-- A traceback of thousands of levels is cut short.
local function deeper(n) if n > 0 then return 1 + deeper(n - 1) end return #debug.traceback() end
assert(deeper(3000) < 10000 + 3000)
assert(#debug.traceback(("x"):rep(1000), -1) >= 1000)
pcall(debug.traceback, "x", 1e9)
pcall(debug.traceback, "x", math.mininteger)
