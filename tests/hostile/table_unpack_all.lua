-- expect: broken too many results to unpack
-- More values than a stack has.
return table.unpack({}, 1, 1e8)
