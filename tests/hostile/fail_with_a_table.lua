-- expect: failed table
-- A reason that is none.
pipe.fail({})
