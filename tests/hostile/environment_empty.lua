-- expect: broken global 'print'
-- Nothing is global any more.
local _ENV = {}
print("x")
