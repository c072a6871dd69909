-- expect: broken too many captures
-- More captures than a match has room for.
string.find("aaaa", ("()"):rep(1000))
