-- expect: failed here
-- Levels that are not there.
pcall(error, "x", 1e9)
pcall(error, "x", -1)
pcall(error, "x", math.mininteger)
error("here", 100000)
