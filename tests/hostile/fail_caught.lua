-- expect: failed enough
-- pipe.fail is final: nothing catches it.
pcall(pipe.fail, "enough")
return true
