-- expect: broken global 'io'
-- There are no files.
return io.open("/etc/passwd"):read("a")
