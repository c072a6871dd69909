-- expect: over cpu
-- What is closed because the call is over must not go on either.
local function hold()
	local held <close> = setmetatable({}, { __close = function() while true do end end })
	while true do end
end
hold()
