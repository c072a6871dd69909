-- expect: over depth
-- More values than there is room for.
return string.unpack(("b"):rep(2000000), ("x"):rep(2000000))
