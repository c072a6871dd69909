-- expect: done
-- Names of all kinds.
for _, name in ipairs{ "", ".", "..", "a.", ".a", "a..b", "~", "%", "a b", "a\n", ("a."):rep(100000) .. "b", ("a"):rep(1 << 20), "\xff", "CON", "-rf" } do
	assert(not pcall(require, name), name)
end
assert(not pcall(require) and not pcall(require, nil) and not pcall(require, {}))
