-- expect: over memory
-- Each byte becomes four.
return #("%q%q%q"):format(("\0"):rep(1 << 20), ("\r"):rep(1 << 20), ("\0"):rep(1 << 20))
