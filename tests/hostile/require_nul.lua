-- expect: broken require
-- A name that ends earlier for some than for others.
return require("a\0/../../../etc/passwd")
