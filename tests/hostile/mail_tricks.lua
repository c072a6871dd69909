-- expect: done
-- Headers in an address or a subject.
for _, mail in ipairs{ { server = "smtp://evil.example", from = "a@example.org", to = { "b@example.org" }, subject = "x", text = "y" },
	{ server = "smtp://mail.example:25", from = "a@example.org>\r\nRCPT TO:<x@example.org", to = { "b@example.org" }, subject = "x", text = "y" },
	{ server = "smtp://mail.example:25", from = "a@example.org", to = { "b@example.org\nDATA" }, subject = "x", text = "y" },
	{ server = "smtp://mail.example:25", from = "a@example.org", to = { "b@example.org" }, subject = "x\r\nBcc: c@example.org", text = "y" },
	{ server = "smtp://mail.example:25", from = "a@example.org", to = {}, subject = "x", text = "y" }, {}, 7 } do
	assert(not pcall(pipe.notify, { mail = mail }))
end
assert(not pcall(pipe.notify) and not pcall(pipe.notify, {}) and not pcall(pipe.notify, { slack = 1 }))
