-- expect: broken global 'package'
-- Nothing is loaded from a shared library.
return package.loadlib("libc.so.6", "system")
