pipe.warn("no services were found")
return { build = { script = "make" } }
