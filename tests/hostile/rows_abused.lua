-- expect: done
-- Rows without their query, a query without its rows.
local rows = ctx.evidence.findings{}
for _, call in ipairs{ function() return rows.list() end, function() return rows.list({}) end, function() return rows.list(ctx) end, function() return rows.first("x") end,
	function() return rows:list(-1) end, function() return rows:list(1e308) end, function() return rows:list(0 / 0) end, function() return rows.nonsense end,
	function() rows.list = 1 end, function() return rows .. "x" end, function() return #rows end } do
	pcall(call)
end
for _, filter in ipairs{ { limit = -1 }, { limit = 0 / 0 }, { limit = "x" }, { severity = "worst" }, { severity = {} }, { nonsense = 1 }, { touched = "x" }, { new = 7 }, { path = "\0" },
	{ limit = math.maxinteger }, 7, "x", print } do
	pcall(function() return ctx.evidence.findings(filter):count() end)
end
for _ in ctx.evidence.findings{} do break end
pcall(function()
	for row in ctx.evidence.findings{} do
		assert(type(getmetatable(row)) ~= "table")
		pcall(function() row.severity = "low" end)
		pcall(function() return row.nonsense end)
		pcall(function() return row[1], tostring(row), row == row, row < row end)
	end
end)
