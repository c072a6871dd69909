-- expect: over waits
-- A request after the other.
while true do
	pipe.http("https://hooks.example/a")
end
