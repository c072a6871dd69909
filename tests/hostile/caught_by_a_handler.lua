-- expect: over cpu
-- Nor does a message handler get hold of it.
xpcall(function() while true do end end, function() while true do end end)
while true do end
