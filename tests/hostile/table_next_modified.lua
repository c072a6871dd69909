-- expect: broken invalid key to 'next'
-- A key that was never there.
return next({ a = 1 }, "b")
