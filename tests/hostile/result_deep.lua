-- expect: done
-- Deeper than anybody nests.
local t = {}
for i = 1, 100000 do t = { t } end
return t
