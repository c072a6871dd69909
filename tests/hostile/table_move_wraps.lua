-- expect: broken too many elements to move
-- More than can be counted.
table.move({}, math.mininteger, math.maxinteger, 1)
