-- expect: done
-- Out of the workspace.
for _, path in ipairs{ "../../etc/passwd", "a/../../b", "./../x", "..", "notes.txt/../../x" } do
	local text, why = pipe.read(path)
	assert(text == nil and why, path)
	assert(not pipe.exists(path), path)
end
