-- expect: broken read-only
-- Facts are facts.
ctx.run = {}
