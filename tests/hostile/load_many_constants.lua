-- expect: done
-- More constants, names and upvalues than an instruction has room for.
local t = {}
for i = 1, 20000 do t[i] = "x" .. i .. " = '" .. i .. "'" end
pcall(load, table.concat(t, "\n"))
for i = 1, 300 do t[i] = "local x" .. i end
local f, why = load(table.concat(t, "\n", 1, 300))
assert(f == nil and why:find("too many local variables"))
