-- expect: done
-- Much is made and nothing kept: that is no breach.
for i = 1, 1000 do
	local _ = ("x"):rep(10000) .. i
end
