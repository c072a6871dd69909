return { help = "does nothing", complie = function() end }
