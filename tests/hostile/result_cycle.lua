-- expect: done
-- A value that holds itself.
local t = {}
t.self = t
return t
