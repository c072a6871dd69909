-- expect: over cpu
-- Exponential: each `a*` may end anywhere.
string.find(("a"):rep(3000), ("a*"):rep(30) .. "b")
