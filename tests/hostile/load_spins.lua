-- expect: over cpu
-- A reader that never has one.
return load(function() while true do end end)
