return { build = { script = print } }
