-- expect: done
-- Deep, and back again: the stack is as good as before.
local function deeper(n) if n > 0 then return 1 + deeper(n - 1) end return 0 end
for i = 1, 5 do
	assert(deeper(3000) == 3000)
end
