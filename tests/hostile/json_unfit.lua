-- expect: done
-- What JSON has no word for.
for _, value in ipairs{ print, coroutine.create(print), 0 / 0, 1 / 0, { [{}] = 1 }, { [1] = 1, a = 2, [1.5] = 3 }, { print } } do
	pcall(pipe.json.encode, value)
end
pcall(pipe.json.encode, "\xff\xfe")
pcall(pipe.json.encode, { ["\xff"] = 1 })
pcall(pipe.json.encode, { [1 << 53] = 1 })
pcall(pipe.json.encode, setmetatable({}, { __index = function() while true do end end, __len = function() return 1e9 end, __pairs = error }))
assert(not pcall(pipe.json.encode) and not pcall(pipe.json.decode) and not pcall(pipe.json.decode, {}))
