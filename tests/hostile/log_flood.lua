-- expect: over output
-- A million lines.
for i = 1, 1000000 do
	pipe.log(i)
end
