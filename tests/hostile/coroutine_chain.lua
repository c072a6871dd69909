-- expect: broken too many coroutines in one another
-- Each starts the next.
local function go() return coroutine.wrap(go)() end
go()
