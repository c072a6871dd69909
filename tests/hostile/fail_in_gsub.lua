-- expect: failed enough
-- From inside of C functions.
pcall(string.gsub, "x", "x", function()
	table.sort({ 2, 1 }, function() pipe.fail("enough") end)
end)
return true
