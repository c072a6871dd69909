-- expect: over cpu
-- Cubic: a capture compared with what follows.
string.find(("a"):rep(60000), "(a*)%1b")
