-- expect: done
-- Nor is its value among the others.
local ok, all = pcall(function()
	local t = {}
	for k, v in pairs(ctx.vars) do t[#t + 1] = k .. "=" .. tostring(v) end
	return table.concat(t, "\n")
end)
assert(not ok or not all:find("hunter2", 1, true))
assert(not tostring(ctx.vars):find("hunter2", 1, true))
