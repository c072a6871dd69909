-- expect: done
-- Names and numbers that are none.
for _, call in ipairs{ function() pipe.metric("", 1) end, function() pipe.metric("a\nb", 1) end, function() pipe.metric("x", 0 / 0) end, function() pipe.metric("x", "y") end,
	function() pipe.metric("x", 1, { labels = { ["a\""] = "b" } }) end, function() pipe.metric("x", 1, { labels = 7 }) end, function() pipe.metric({}, {}) end,
	function() pipe.metric(("x"):rep(1 << 20), 1) end, function() pipe.finding({}) end, function() pipe.finding({ rule = {} }) end, function() pipe.finding() end,
	function() pipe.finding({ rule = "x", message = "y", line = -1 }) end, function() pipe.finding({ rule = "x", message = "y", severity = "worst" }) end,
	function() pipe.annotate() end, function() pipe.annotate("x", { url = "javascript:alert(1)" }) end, function() pipe.annotate({}, {}) end } do
	pcall(call)
end
