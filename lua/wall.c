/*
 * The globals of a call, and what stands between it and the calls after it in the same state: what is shared (the libraries' tables) can be
 * read and not written, what can be written (globals, modules) is the call's own.
 */
#include "lua/guest.h"
#include "lua/library/random.h"

/* Keys in the registry. */
static const char base_key, globals_key, modules_key, door_key;

/* ---- doors ---- */

static int refuse_write(lua_State *L)
{
	return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

/* next() of the table behind the door, which nobody gets hold of. */
static int door_next(lua_State *L)
{
	lua_settop(L, 2);
	if (lua_next(L, lua_upvalueindex(1)))
		return 2;
	lua_pushnil(L);
	return 1;
}

static int door_pairs(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushcclosure(L, door_next, 1);
	return 1;
}

void wall_door(lua_State *L, const char *name)
{
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 5);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushstring(L, name);
	lua_pushcclosure(L, refuse_write, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pushvalue(L, -3);
	lua_pushcclosure(L, door_pairs, 1);
	lua_setfield(L, -2, "__pairs");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushboolean(L, 1);
	lua_rawsetp(L, -2, &door_key);
	lua_setmetatable(L, -2);
	lua_remove(L, -2);
}

bool wall_is_door(lua_State *L, int index)
{
	bool door;

	if (!lua_getmetatable(L, index))
		return false;
	door = lua_rawgetp(L, -1, &door_key) != LUA_TNIL;
	lua_pop(L, 2);
	return door;
}

/* ---- once a state ---- */

/* Methods of texts: ("x"):upper(), and the arithmetic that Lua's own library defines for them. */
static void string_methods(lua_State *L)
{
	lua_pushliteral(L, "");
	if (!lua_getmetatable(L, -1))
		lua_createtable(L, 0, 2);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

static void add_libraries(lua_State *L)
{
	static const struct {
		const char *name;
		void (*push)(lua_State *L);
	} libraries[] = { { "string", library_string }, { "table", library_table }, { "utf8", library_utf8 },
			  { "math", library_math },	{ "os", library_os },	    { "coroutine", library_coroutine } };

	for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
		libraries[i].push(L);
		if (!i)
			string_methods(L);
		wall_door(L, libraries[i].name);
		lua_setfield(L, -2, libraries[i].name);
	}
}

/* print and warn say what pipe.log and pipe.warn do. */
static void add_pipe(lua_State *L)
{
	api_push_pipe(L);
	lua_getfield(L, -1, "log");
	lua_setfield(L, -3, "print");
	lua_getfield(L, -1, "warn");
	lua_setfield(L, -3, "warn");
	lua_setfield(L, -2, "pipe");
}

void wall_build(lua_State *L)
{
	lua_createtable(L, 0, 48);
	library_base(L);
	add_libraries(L);
	add_pipe(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &base_key);
	lua_createtable(L, 0, 2);
	lua_insert(L, -2);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &globals_key);
	lua_pushboolean(L, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
	wall_reset(L);
}

/* ---- once a call ---- */

void wall_globals(lua_State *L)
{
	library_random_reset(L);
	lua_createtable(L, 0, 4);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &globals_key);
	lua_setmetatable(L, -2);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "_G");
	lua_pushvalue(L, -1);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

void wall_modules(lua_State *L)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 4);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
}

void wall_reset(lua_State *L)
{
	lua_pushboolean(L, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
	lua_pushboolean(L, 0);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
