-- expect: broken bytes
-- A reader that always has one more line.
return load(function() return "x = 1 " end)
