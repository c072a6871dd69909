-- expect: done
-- A finalizer that comes into the metatable afterwards is none.
local m = {}
for i = 1, 1000 do
	setmetatable({}, m)
	m.__gc = function() while true do end end
	m = {}
end
