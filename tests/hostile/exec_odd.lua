-- expect: done
-- Calls that are none.
for _, argv in ipairs{ {}, { "" }, { 1 }, { "a\0b" }, { "allowed", {} }, { [2] = "x" }, { "allowed", "a\0b" }, setmetatable({}, { __index = function() return "x" end, __len = function() return 1e9 end }) } do
	assert(not pcall(pipe.exec, argv))
end
assert(not pcall(pipe.exec, "sh -c id") and not pcall(pipe.exec) and not pcall(pipe.exec, { "allowed" }, 7))
for _, options in ipairs{ { directory = "../.." }, { directory = "/" }, { env = { ["A=B"] = "c" } }, { env = { A = "a\0b" } }, { env = 1 }, { timeout = -1 }, { timeout = 0 / 0 }, { input = {} }, { stdin = "x" } } do
	assert(not pcall(pipe.exec, { "allowed" }, options))
end
