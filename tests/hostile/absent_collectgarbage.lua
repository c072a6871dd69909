-- expect: broken collectgarbage
-- Memory is not for scripts to tune.
collectgarbage("stop")
