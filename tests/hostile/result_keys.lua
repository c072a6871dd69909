-- expect: done
-- Keys that no text has.
return { [{}] = 1, [1.5] = 2, [true] = 3 }
