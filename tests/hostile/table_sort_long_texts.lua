-- expect: over cpu
-- Texts that differ at their ends alone.
local s = ("x"):rep(1 << 20)
local three, t = { s .. "1", s .. "2", s .. "3" }, {}
for i = 1, 5000 do t[i] = three[i % 3 + 1] end
table.sort(t)
