-- expect: over cpu
-- None of them runs long, but there is always another one.
while true do
	coroutine.wrap(function() for i = 1, 10 do end end)()
end
