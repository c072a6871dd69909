-- expect: broken stack overflow
-- Through a C function, which takes some of the real stack.
local function deeper() return (("x"):gsub(".", deeper)) end
deeper()
