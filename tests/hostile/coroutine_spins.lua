-- expect: over cpu
-- A coroutine has the same budget as everybody.
coroutine.wrap(function() while true do end end)()
