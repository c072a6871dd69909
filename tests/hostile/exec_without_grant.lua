-- expect: refused exec
-- A program.
return pipe.exec({ "sh", "-c", "id" })
