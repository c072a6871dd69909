/* Charging for Lua's own functions by what goes in and what comes out. */
#include "lua/library/charge.h"

#include "lua/guest.h"

uint64_t charge_sum(lua_State *L, int first, int last)
{
	uint64_t sum = 0;

	for (int i = first; i <= last; i++)
		sum += 1 + (lua_type(L, i) == LUA_TSTRING ? lua_rawlen(L, i) : 0);
	return sum;
}

/* A position, from 1; one that counts from the end becomes one that does not. */
static lua_Unsigned position(lua_Integer at, size_t length)
{
	if (at >= 0)
		return (lua_Unsigned)at;
	return 0 - (lua_Unsigned)at > length ? 0 : length + 1 + (lua_Unsigned)at;
}

void charge_check_slice(lua_State *L)
{
	size_t length;
	lua_Integer first, last;
	lua_Unsigned from, to;

	luaL_checklstring(L, 1, &length);
	first = luaL_optinteger(L, 2, 1);
	last = luaL_optinteger(L, 3, first);
	from = position(first, length);
	to = position(last, length);
	if (to > length)
		to = length;
	if (to > from && to - from >= RESULTS_MOST)
		luaL_error(L, "string slice too long");
}

int charge_results(lua_State *L)
{
	int results = lua_tocfunction(L, lua_upvalueindex(1))(L);
	int top = lua_gettop(L);

	budget_charge(L, charge_sum(L, top - results + 1, top));
	return results;
}

int charge_arguments(lua_State *L)
{
	budget_charge(L, charge_sum(L, 1, lua_gettop(L)));
	return charge_results(L);
}

void charge_functions(lua_State *L, const struct charged_function *functions)
{
	for (; functions->name; functions++) {
		lua_getfield(L, -1, functions->name);
		lua_pushcclosure(L, functions->around, 1);
		lua_setfield(L, -2, functions->name);
	}
}
