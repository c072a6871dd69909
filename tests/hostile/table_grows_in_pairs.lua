-- expect: done
-- A table that is written to while it is gone through: any end is fine but a crash.
local t = {}
for i = 1, 100 do t[i] = i end
pcall(function()
	for k in pairs(t) do
		t[k + 1000] = k
		t[k] = nil
		if k > 20000 then break end
	end
end)
