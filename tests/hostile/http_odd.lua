-- expect: done
-- Requests that smuggle.
for _, options in ipairs{ { method = "GET / HTTP/1.1\r\nX:" }, { method = "" }, { headers = { ["A\r\nB"] = "c" } }, { headers = { A = "b\r\nC: d" } }, { headers = { Host = "evil.example" } },
	{ headers = { ["Content-Length"] = "0" } }, { headers = { "x" } }, { headers = 1 }, { body = {} }, { body = "x", json = {} }, { json = print }, { timeout = "soon" }, { timeout = 0 / 0 }, { metod = "GET" } } do
	assert(not pcall(pipe.http, "https://hooks.example/a", options))
end
