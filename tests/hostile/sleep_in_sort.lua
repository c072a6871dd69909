-- expect: broken cannot wait here
-- Where nothing can wait.
table.sort({ 3, 2, 1 }, function(a, b)
	pipe.sleep(0)
	return a < b
end)
