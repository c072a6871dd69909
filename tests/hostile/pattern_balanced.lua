-- expect: over cpu
-- Quadratic: from each bracket to the end.
string.find(("("):rep(1000000), "%b()")
