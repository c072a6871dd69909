-- expect: done
-- A value that cannot leave.
return { 1, 2, print }
