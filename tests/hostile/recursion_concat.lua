-- expect: broken stack overflow
-- Through __concat.
local m = {}
m.__concat = function(a) return a .. "x" end
return setmetatable({}, m) .. "x"
