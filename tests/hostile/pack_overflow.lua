-- expect: broken format result too large
-- Sizes that are no sizes.
return string.packsize(("c2147483639"):rep(10))
