-- expect: broken NUL
-- A path that ends earlier for the system than for Lua.
return pipe.read("notes.txt\0/../../etc/passwd")
