-- expect: over cpu
-- Without a loop statement.
::again::
goto again
