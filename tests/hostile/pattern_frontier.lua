-- expect: over cpu
-- Frontiers with a set of a megabyte, looked through at each place.
string.find(("a"):rep(1000000), "%f[" .. ("b"):rep(1000000) .. "]")
