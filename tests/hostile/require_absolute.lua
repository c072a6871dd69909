-- expect: broken require
-- To a file of the system.
return require("/etc/passwd")
