-- expect: broken require
-- Out of the project.
return require("../..")
