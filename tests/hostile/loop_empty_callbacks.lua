-- expect: over cpu
-- Nearly all of the time is spent in C functions.
local rawequal, select, type = rawequal, select, type
repeat
	local _ = rawequal(type(1), select("#", 1, 2, 3))
until false
