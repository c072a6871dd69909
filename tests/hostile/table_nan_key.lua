-- expect: broken index is NaN
-- A key that is not equal to itself.
local t = {}
t[0 / 0] = 1
