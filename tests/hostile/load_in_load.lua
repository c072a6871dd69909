-- expect: over memory
-- Each chunk loads the next one.
text = "local text = '" .. ("x"):rep(50000) .. "'; return 1 + again(text)"
function again() return 1 + load(text)() end
return again()
