-- expect: refused /etc/passwd
-- An absolute path that nobody granted.
return pipe.read("/etc/passwd")
