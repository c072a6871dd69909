-- expect: failed mine
-- A chunk that says it is somebody else's file.
load("error('mine')", "@../../etc/passwd")()
