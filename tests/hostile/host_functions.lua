-- expect: done
-- Functions of the embedding program, with all there is.
assert(host.echo("x") == "x" and host.echo() == nil)
local t = {}
t[1] = t
for _, value in ipairs{ print, t, 0 / 0, "\xff\0", { [{}] = 1 } } do
	pcall(host.echo, value)
end
assert(not pcall(host.broken))
assert(not pcall(function() return host.nonsense() end))
pcall(function() host.echo = nil end)
pcall(rawset, host, "echo", nil)
