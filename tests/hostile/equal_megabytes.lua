-- expect: over cpu
-- The same for equality.
local a, b = ("x"):rep(1 << 20), ("x"):rep((1 << 20) - 1) .. "x"
while a == b do end
