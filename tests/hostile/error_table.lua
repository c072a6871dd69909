-- expect: failed
-- An error that is no text.
error({ code = 42 })
