local limits
return { compile = limits.compile }
