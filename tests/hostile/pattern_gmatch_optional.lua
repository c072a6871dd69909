-- expect: over cpu
-- An iterator that never comes to its first result.
for _ in string.gmatch(("a"):rep(3000), ("a?"):rep(80) .. ("a"):rep(80) .. "b") do end
