-- expect: done
-- Deep, cyclic, tagged, torn.
for _, text in ipairs{ ("["):rep(100000), ("- "):rep(100000), ("? "):rep(100000), "&a [*a]", "&a {x: *a}", "*nobody", "!!python/object/apply:os.system [id]", "a: b: c", "\0", "\xff\xfe", "%YAML 9.9\n---\n", "---\n---\n", "{a: 1, a: 2}", "? [a]\n: b", "<<: *x", "'", "\"\\x", "\t- a", ("a"):rep(1 << 20) .. ": 1" } do
	pcall(pipe.yaml.decode, text)
end
assert(not pcall(pipe.yaml.encode, print))
local t = {}
t.t = t
assert(not pcall(pipe.yaml.encode, t))
