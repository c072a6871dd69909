-- expect: broken too many results to unpack
-- The number of values does not fit into a number.
return table.unpack({}, math.mininteger, math.maxinteger)
