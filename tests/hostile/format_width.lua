-- expect: broken invalid conversion
-- A width that would fill the machine.
return ("%999999999d"):format(1)
