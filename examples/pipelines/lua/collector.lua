-- Both collectors, weak tables, finalizers, memory that comes back.
for _, mode in ipairs({ "incremental", "generational" }) do
	collectgarbage(mode)
	local weak = setmetatable({}, { __mode = "v" })
	local finalized = 0
	for i = 1, 5000 do
		weak[i] = { i }
		setmetatable({}, { __gc = function() finalized = finalized + 1 end })
	end
	collectgarbage()
	collectgarbage()
	assert(next(weak) == nil and finalized == 5000)
	local before = collectgarbage("count")
	local big = {}
	for i = 1, 50000 do big[i] = { tostring(i) } end
	assert(collectgarbage("count") > before + 1000)
	big = nil
	for _ = 1, 5 do collectgarbage() end
	assert(collectgarbage("count") < before + 1000)
end
print("collector: ok")
