-- expect: done
-- Cursors that are begun and left.
local t = {}
for i = 1, 500 do
	local rows = ctx.evidence.findings{}
	for row in rows do
		t[i % 10] = row
		break
	end
end
