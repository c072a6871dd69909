-- expect: over memory
-- A table of a hundred thousand rows kept a hundred times.
local all = {}
while true do
	all[#all + 1] = ctx.evidence.findings{}:list()
end
