-- expect: refused secrets
-- A variable that is masked.
return ctx.vars.TOKEN
