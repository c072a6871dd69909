-- expect: done
-- Each table that is shared: not written to, by no way there is.
for name, door in pairs{ string = string, table = table, math = math, utf8 = utf8, coroutine = coroutine, os = os, pipe = pipe, json = pipe.json } do
	assert(not pcall(function() door.mine = 1 end), name)
	assert(not pcall(rawset, door, "mine", 1), name)
	assert(not pcall(setmetatable, door, {}), name)
	assert(type(getmetatable(door)) ~= "table", name)
	pcall(table.insert, door, 1)
	pcall(table.move, { 1, 2, 3 }, 1, 3, 1, door)
	pcall(table.sort, door)
	assert(rawget(door, "mine") == nil and rawget(door, 1) == nil and rawlen(door) == 0, name)
	assert(next(door) == nil or rawget(door, next(door)) ~= nil, name)
end
