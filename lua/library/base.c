/*
 * The basic functions.  Those that catch errors (pcall, xpcall) let nothing through that ends the call: a limit that was broken, pipe.fail.
 * Those that reach behind a table (rawset, setmetatable) stop at the doors of the wall, and no script gets finalizers, which Lua runs with
 * its hooks off.
 */
#include "lua/guest.h"
#include "lua/library/charge.h"
#include "lua/library/require.h"

#include <string.h>

enum { LOAD_BYTES = 1 << 20 };

/* ---- raising ---- */

static int base_error(lua_State *L)
{
	int level = (int)luaL_optinteger(L, 2, 1);

	lua_settop(L, 1);
	if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
		luaL_where(L, level);
		lua_insert(L, 1);
		lua_concat(L, 2);
	}
	fault_note_raised(L);
	return lua_error(L);
}

static int base_assert(lua_State *L)
{
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	luaL_checkany(L, 1);
	lua_remove(L, 1);
	lua_pushliteral(L, "assertion failed!");
	lua_settop(L, 1);
	fault_note_raised(L);
	return lua_error(L);
}

/* ---- catching ---- */

static int finish_pcall(lua_State *L, int status, lua_KContext skipped)
{
	if (status == LUA_ERRMEM)
		return budget_starve(L);
	budget_check(L);
	if (status != LUA_OK && status != LUA_YIELD) {
		lua_pushboolean(L, 0);
		lua_pushvalue(L, -2);
		return 2;
	}
	return lua_gettop(L) - (int)skipped;
}

static int base_pcall(lua_State *L)
{
	int status;

	luaL_checkany(L, 1);
	lua_pushboolean(L, 1);
	lua_insert(L, 1);
	status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
	return finish_pcall(L, status, 0);
}

/* Stands between Lua and a script's message handler (upvalue 1): an error that the hook raised would run it with the hooks off. */
static int handle_message(lua_State *L)
{
	const struct lua_guest *g = guest_of(L);

	lua_settop(L, 1);
	if (g->budget.breach || g->call->failed)
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

static int base_xpcall(lua_State *L)
{
	int arguments = lua_gettop(L) - 2, status;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, handle_message, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, 1);
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2);
	status = lua_pcallk(L, arguments, LUA_MULTRET, 2, 2, finish_pcall);
	return finish_pcall(L, status, 2);
}

/* ---- behind tables ---- */

static int base_getmetatable(lua_State *L)
{
	luaL_checkany(L, 1);
	if (!lua_getmetatable(L, 1))
		return luaL_pushfail(L), 1;
	if (lua_type(L, 1) == LUA_TTABLE && value_is_mark(L))
		return luaL_pushfail(L), 1;
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return 1;
	if (lua_type(L, 1) != LUA_TTABLE)
		lua_pushboolean(L, 0);
	return 1;
}

static int base_setmetatable(lua_State *L)
{
	int type = lua_type(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	lua_settop(L, 2);
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	if (type == LUA_TTABLE) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "__gc is not available: finalizers would run outside of the script's limits; "
					     "use __close and a local variable with <close>");
	}
	lua_settop(L, 2);
	lua_setmetatable(L, 1);
	return 1;
}

static int base_rawset(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkany(L, 2);
	luaL_checkany(L, 3);
	lua_settop(L, 3);
	if (wall_is_door(L, 1))
		return luaL_error(L, "rawset: this table is read-only");
	lua_rawset(L, 1);
	return 1;
}

/* ---- load ---- */

/* The text of a chunk, that a function gives piece by piece, in place of the function at 1. */
static void gather(lua_State *L)
{
	luaL_Buffer text;
	size_t length = 0, piece;

	luaL_buffinit(L, &text);
	for (;;) {
		lua_pushvalue(L, 1);
		lua_call(L, 0, 1);
		if (lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TSTRING && !lua_rawlen(L, -1)))
			break;
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "load: the function must return text");
		piece = lua_rawlen(L, -1);
		length += piece;
		if (length > LOAD_BYTES)
			luaL_error(L, "load: more than %d bytes", (int)LOAD_BYTES);
		luaL_addvalue(&text);
		budget_charge(L, piece + 100);
	}
	lua_pop(L, 1);
	luaL_pushresult(&text);
	lua_replace(L, 1);
}

static int base_load(lua_State *L)
{
	const char *mode = luaL_optstring(L, 3, "t"), *name;
	bool own_globals = !lua_isnone(L, 4);
	struct lua_source source = { 0 };

	lua_settop(L, 4);
	if (!strchr(mode, 't')) {
		luaL_pushfail(L);
		lua_pushfstring(L, "load: mode \"%s\": only text is read, never compiled Lua (mode \"t\")", mode);
		return 2;
	}
	if (lua_type(L, 1) == LUA_TFUNCTION)
		gather(L);
	source.text = luaL_checklstring(L, 1, &source.length);
	name = luaL_optstring(L, 2, source.text);
	switch (guest_load(L, &source, name)) {
	case LUA_OK:
		break;
	case LUA_ERRMEM:
		return budget_starve(L);
	default:
		budget_check(L);
		luaL_pushfail(L);
		lua_insert(L, -2);
		return 2;
	}
	if (own_globals) {
		lua_pushvalue(L, 4);
		lua_setupvalue(L, -2, 1);
	}
	return 1;
}

/* ---- debug.traceback, the one that is left ---- */

static int debug_traceback(lua_State *L)
{
	lua_State *of = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
	int shift = lua_isthread(L, 1) ? 1 : 0;

	if (!lua_isnoneornil(L, shift + 1) && lua_type(L, shift + 1) != LUA_TSTRING) {
		lua_pushvalue(L, shift + 1);
		return 1;
	}
	luaL_traceback(L, of, lua_tostring(L, shift + 1), (int)luaL_optinteger(L, shift + 2, of == L ? 1 : 0));
	return 1;
}

/* ---- the table ---- */

/* Lua's own that are as they should be. */
static void keep_own(lua_State *L)
{
	static const char *const kept[] = { "ipairs", "next",	  "pairs",    "rawequal", "rawget",   "rawlen",
					    "select", "tonumber", "tostring", "type",	  "_VERSION", NULL };
	static const struct charged_function charged[] = { { "rawequal", charge_arguments },
							   { "tonumber", charge_arguments },
							   { NULL, NULL } };

	lua_createtable(L, 0, 32);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	lua54_of(L)->luaopen_base(L);
	for (int i = 0; kept[i]; i++) {
		lua_getfield(L, -1, kept[i]);
		lua_setfield(L, -3, kept[i]);
	}
	lua_pop(L, 1);
	charge_functions(L, charged);
}

void library_base(lua_State *L)
{
	static const luaL_Reg functions[] = { { "assert", base_assert },
					      { "error", base_error },
					      { "getmetatable", base_getmetatable },
					      { "load", base_load },
					      { "pcall", base_pcall },
					      { "rawset", base_rawset },
					      { "require", library_require },
					      { "setmetatable", base_setmetatable },
					      { "xpcall", base_xpcall },
					      { NULL, NULL } };

	keep_own(L);
	luaL_setfuncs(L, functions, 0);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, debug_traceback);
	lua_setfield(L, -2, "traceback");
	wall_door(L, "debug");
	lua_setfield(L, -2, "debug");
}
