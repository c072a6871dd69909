-- expect: done
-- Everything that ctx leads to: looked at, called, written to, asked for its metatable.
local seen = {}
local function look(value, depth)
	if (type(value) ~= "table" and type(value) ~= "userdata") or seen[value] or depth > 4 then return end
	seen[value] = true
	assert(type(getmetatable(value)) ~= "table")
	pcall(function() value.mine = 1 end)
	pcall(function() return value.nonsense, value[1], value[0 / 0], value[value] end)
	pcall(function() return #value, -value, value .. "x", value < value, value == 1, value & 1 end)
	pcall(function() return tostring(value) end)
	pcall(function() return value() end)
	pcall(function() return value(1, 2, {}) end)
	pcall(function() for k, v in pairs(value) do look(v, depth + 1) end end)
	if type(value) == "table" then
		pcall(rawset, value, "mine", 1)
		pcall(setmetatable, value, {})
	end
end
look(ctx, 0)
for _, name in ipairs{ "point", "run", "job", "vars", "evidence", "baseline", "history", "changes", "graph", "with", "event" } do
	pcall(function() look(ctx[name], 1) end)
end
