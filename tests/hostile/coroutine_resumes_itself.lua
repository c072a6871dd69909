-- expect: broken cannot resume non-suspended coroutine
-- A snake that bites its tail.
local co
co = coroutine.wrap(function() return co() end)
co()
