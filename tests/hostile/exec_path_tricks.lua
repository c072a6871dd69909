-- expect: refused exec
-- A granted name does not grant what ends with it.
return pipe.exec({ "./allowed" })
