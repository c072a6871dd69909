-- expect: over cpu
-- In gsub the search begins anew at each place.
string.gsub(("a"):rep(100000), "a*a*a*a*b", "")
