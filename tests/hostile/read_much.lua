-- expect: done
-- Long, deep, odd paths.
for _, path in ipairs{ ("a/"):rep(100000), ("x"):rep(1 << 20), "\n", "~root/.ssh", "C:\\", "|id", "-", "//server/share", "%00" } do
	pcall(pipe.read, path)
	pcall(pipe.exists, path)
	pcall(pipe.glob, path)
end
for _, pattern in ipairs{ "../*", "/*", ("*"):rep(10000), ("**/"):rep(1000) .. "x", "[", "[a-", "{a,{b,{c", "\\" } do
	pcall(pipe.glob, pattern)
end
