-- expect: failed short
-- And one whose name is longer than any line.
load("error('short')", "=" .. ("n"):rep(1 << 20))()
