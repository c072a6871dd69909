-- expect: done
-- Compiled Lua can be made to do anything: it is not even looked at.
local head = "\27Lua\x54\0\x19\x93\r\n\x1a\n\4\8\8"
local f, why = load(head .. ("\0"):rep(100))
assert(f == nil and why)
assert(load(head) == nil and load("\27", "x", "bt") == nil)
local given
assert(load(function()
	if given then return nil end
	given = true
	return head
end) == nil)
