-- expect: failed 42
-- A number is a text after all.
error(42)
