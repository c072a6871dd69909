/*
 * The library `table` (https://www.lua.org/manual/5.4/manual.html#6.6).  A length may lie (__len, or a border far away in a sparse table)
 * and an element may come from a C function (__index), so that Lua's own loops could run without end and without an instruction
 * that is counted: here each element is charged for.  pack and sort are Lua's
 * own, sort with a comparison that is charged for.
 */
#include "lua/guest.h"
#include "lua/library/charge.h"

enum { CAN_READ = 1, CAN_WRITE = 2, HAS_LENGTH = 4 };

static bool has_metamethods(lua_State *L, int index, int wanted)
{
	static const char *const names[] = { "__index", "__newindex", "__len" };
	bool all = lua_getmetatable(L, index);

	if (!all)
		return false;
	for (int i = 0; i < 3; i++) {
		if (!(wanted & 1 << i))
			continue;
		lua_pushstring(L, names[i]);
		all = lua_rawget(L, -2) != LUA_TNIL && all;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return all;
}

/* A table, or what can be used like one. */
static void check_table(lua_State *L, int index, int wanted)
{
	if (lua_type(L, index) != LUA_TTABLE && !has_metamethods(L, index, wanted))
		luaL_checktype(L, index, LUA_TTABLE);
}

static lua_Integer check_length(lua_State *L, int wanted)
{
	check_table(L, 1, wanted | HAS_LENGTH);
	return luaL_len(L, 1);
}

/* t[to] = t[from], of the tables at these indices. */
static void copy_element(lua_State *L, int source, lua_Integer from, int target, lua_Integer to)
{
	budget_charge(L, 1);
	lua_geti(L, source, from);
	lua_seti(L, target, to);
}

static int table_insert(lua_State *L)
{
	lua_Integer end = (lua_Integer)((lua_Unsigned)check_length(L, CAN_READ | CAN_WRITE) + 1), at = end;

	switch (lua_gettop(L)) {
	case 2:
		break;
	case 3:
		at = luaL_checkinteger(L, 2);
		luaL_argcheck(L, (lua_Unsigned)at - 1u < (lua_Unsigned)end, 2, "position out of bounds");
		for (lua_Integer i = end; i > at; i--)
			copy_element(L, 1, i - 1, 1, i);
		break;
	default:
		return luaL_error(L, "wrong number of arguments to 'insert'");
	}
	lua_seti(L, 1, at);
	return 0;
}

static int table_remove(lua_State *L)
{
	lua_Integer size = check_length(L, CAN_READ | CAN_WRITE), at = luaL_optinteger(L, 2, size);

	if (at != size)
		luaL_argcheck(L, (lua_Unsigned)at - 1u <= (lua_Unsigned)size, 2, "position out of bounds");
	lua_geti(L, 1, at);
	for (; at < size; at++)
		copy_element(L, 1, at + 1, 1, at);
	lua_pushnil(L);
	lua_seti(L, 1, at);
	return 1;
}

static int table_move(lua_State *L)
{
	lua_Integer from = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4), count;
	int target = lua_isnoneornil(L, 5) ? 1 : 5;

	check_table(L, 1, CAN_READ);
	check_table(L, target, CAN_WRITE);
	if (last >= from) {
		luaL_argcheck(L, from > 0 || last < LUA_MAXINTEGER + from, 3, "too many elements to move");
		count = last - from + 1;
		luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
		/* Forwards, unless that would overwrite what is still to be moved. */
		if (to > last || to <= from || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ)))
			for (lua_Integer i = 0; i < count; i++)
				copy_element(L, 1, from + i, target, to + i);
		else
			for (lua_Integer i = count; i-- > 0;)
				copy_element(L, 1, from + i, target, to + i);
	}
	lua_pushvalue(L, target);
	return 1;
}

static void add_element(lua_State *L, luaL_Buffer *b, lua_Integer at)
{
	lua_geti(L, 1, at);
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1), (LUAI_UACINT)at);
	budget_charge(L, 1 + lua_rawlen(L, -1));
	luaL_addvalue(b);
}

static int table_concat(lua_State *L)
{
	lua_Integer last = check_length(L, CAN_READ), at;
	size_t length;
	const char *separator = luaL_optlstring(L, 2, "", &length);
	luaL_Buffer b;

	at = luaL_optinteger(L, 3, 1);
	last = luaL_optinteger(L, 4, last);
	luaL_buffinit(L, &b);
	for (; at < last; at++) {
		add_element(L, &b, at);
		budget_charge(L, length);
		luaL_addlstring(&b, separator, length);
	}
	if (at == last)
		add_element(L, &b, at);
	luaL_pushresult(&b);
	return 1;
}

static int table_unpack(lua_State *L)
{
	lua_Integer at = luaL_optinteger(L, 2, 1), last = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
	int count;

	if (at > last)
		return 0;
	if ((lua_Unsigned)last - (lua_Unsigned)at >= RESULTS_MOST)
		return luaL_error(L, "too many results to unpack");
	count = (int)(last - at) + 1;
	luaL_checkstack(L, count, "too many results to unpack");
	budget_charge(L, (uint64_t)count);
	for (int i = 0; i < count; i++)
		lua_geti(L, 1, at + i);
	return count;
}

/* ---- sort ---- */

/* For table.sort in place of `<` (upvalue 1 nil) or of a comparison that is a C function: Lua's sort makes no step without a comparison. */
static int compare_charged(lua_State *L)
{
	lua_settop(L, 2);
	budget_charge(L, charge_sum(L, 1, 2));
	if (lua_isnil(L, lua_upvalueindex(1))) {
		lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
		return 1;
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 2, 1);
	return 1;
}

static int table_sort(lua_State *L)
{
	if (lua_isnoneornil(L, 2) || lua_iscfunction(L, 2)) {
		lua_settop(L, 2);
		lua_pushcclosure(L, compare_charged, 1);
	}
	return charge_results(L);
}

void library_table(lua_State *L)
{
	static const luaL_Reg ours[] = { { "concat", table_concat }, { "insert", table_insert }, { "move", table_move },
					 { "remove", table_remove }, { "unpack", table_unpack }, { NULL, NULL } };
	static const struct charged_function charged[] = {
		{ "pack", charge_arguments }, { "sort", table_sort }, { "unpack", charge_results }, { NULL, NULL }
	};

	lua_pushcfunction(L, lua54_of(L)->luaopen_table);
	lua_call(L, 0, 1);
	luaL_setfuncs(L, ours, 0);
	charge_functions(L, charged);
}
