-- expect: over cpu
-- All that there is, one further.
table.move({}, 1, math.maxinteger - 1, 2)
