-- expect: over cpu
-- A variable that does not let itself be closed.
do
	local held <close> = setmetatable({}, { __close = function() while true do end end })
end
