-- expect: broken require
-- In and out again.
return require("a/../../b")
