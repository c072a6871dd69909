-- expect: done
-- Brackets, tables, functions and operators in each other, as deep as it goes.
for _, piece in ipairs{ "(", "{", "[", "f(", "function() ", "if a then ", "- ", "not ", "a .. ", "a ^ ", "a[", "do ", "{{" } do
	local f, why = load("return " .. piece:rep(20000))
	assert(f == nil and why)
end
