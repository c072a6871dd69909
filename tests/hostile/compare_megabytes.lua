-- expect: over cpu
-- Few instructions, each of which compares megabytes.
local a, b = ("x"):rep(2 << 20) .. "a", ("x"):rep(2 << 20) .. "b"
while a < b do end
