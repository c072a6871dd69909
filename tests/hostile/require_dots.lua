-- expect: broken require
-- Dots are separators: these lead nowhere.
return require("..etc.passwd")
