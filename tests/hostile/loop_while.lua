-- expect: over cpu
-- The plainest way not to end.
while true do end
