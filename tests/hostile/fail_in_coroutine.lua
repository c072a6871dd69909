-- expect: failed enough
-- From inside of a coroutine.
coroutine.resume(coroutine.create(function() pipe.fail("enough") end))
return true
