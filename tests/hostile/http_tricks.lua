-- expect: done
-- Addresses that look like the granted one, https://hooks.example/a.
for _, url in ipairs{ "https://hooks.example@evil.example/a", "https://hooks.example.evil.example/a", "https://hooks.example:444/a", "http://hooks.example/a",
	"https://hooks.example/ab", "https://hooks.example/a/../b", "https://hooks.example/a/%2e%2e/b", "https://hooks.example/a/..", "https://hooks.example\\@evil.example/a",
	"file:///etc/passwd", "gopher://hooks.example/a", "https://hooks.example#@evil.example/a", "https://evil.example/?https://hooks.example/a",
	" https://hooks.example/a", "https://hooks.example/a\r\nHost: evil.example", "https://hooks.example/a\0", "https:///a", "", "//hooks.example/a" } do
	assert(not pcall(pipe.http, url), url)
end
