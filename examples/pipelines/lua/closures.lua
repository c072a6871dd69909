-- Upvalues, variadic functions, tail calls, protected calls.
local function counter()
	local n = 0
	return function() n = n + 1; return n end, function() return n end
end
local up, get = counter()
for _ = 1, 10 do up() end
assert(get() == 10)
local function loop(n) if n == 0 then return "done" end return loop(n - 1) end
assert(loop(1000000) == "done")
local ok, message = pcall(function() error({ code = 7 }) end)
assert(not ok and message.code == 7)
local closed
do
	local guard <close> = setmetatable({}, { __close = function() closed = true end })
end
assert(closed)
assert(load("return 1 +")  == nil and load("return 6 * 7")() == 42)
local fib = setmetatable({}, { __index = function(t, n) local v = n < 2 and n or t[n - 1] + t[n - 2]; t[n] = v; return v end })
assert(fib[80] == 23416728348467685)
print("closures: ok")
