-- expect: broken string is read-only
-- A function of the library, replaced for all that come after.
function string.upper() return "mine" end
