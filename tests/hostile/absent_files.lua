-- expect: done
-- Nor is anything run from a file.
assert(not pcall(function() return dofile("/etc/passwd") end))
assert(not pcall(function() return loadfile("/etc/passwd") end))
assert(not pcall(function() return dofile() end))
