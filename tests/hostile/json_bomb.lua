-- expect: done
-- A text of megabytes that becomes more than that.
local value, why = pipe.json.decode("[" .. ("[],"):rep(500000) .. "[]]")
assert(value == nil and why)
