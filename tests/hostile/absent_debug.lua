-- expect: done
-- What looks behind functions is not there.
for _, name in ipairs{ "getregistry", "getupvalue", "setupvalue", "upvaluejoin", "sethook", "gethook", "getlocal", "setlocal", "getinfo", "getmetatable",
	"setmetatable", "setuservalue", "getuservalue", "debug", "setcstacklimit" } do
	assert(rawget(debug, name) == nil and not pcall(function() return debug[name]() end), name)
end
assert(debug.traceback())
