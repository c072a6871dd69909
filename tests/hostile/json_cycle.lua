-- expect: broken pipe.json.encode
-- A table that holds itself.
local t = { list = {} }
t.list[1] = t
return pipe.json.encode(t)
