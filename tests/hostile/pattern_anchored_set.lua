-- expect: over cpu
-- A set is read once per character.
string.match(("a"):rep(1000000), "^[^" .. ("b"):rep(1000000) .. "]*c")
