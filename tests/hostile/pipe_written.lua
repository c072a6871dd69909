-- expect: broken read-only
-- A function of the library, replaced.
pipe.log = print
