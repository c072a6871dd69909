-- expect: over cpu
-- The same with lazy repetitions and captures.
string.match(("a"):rep(100000), "(.-)(.-)(.-)b$")
