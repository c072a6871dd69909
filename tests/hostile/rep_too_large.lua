-- expect: broken resulting string too large
-- So much that its length is no number of bytes.
return string.rep("xx", math.maxinteger)
