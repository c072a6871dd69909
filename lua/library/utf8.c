/* The library `utf8` (https://www.lua.org/manual/5.4/manual.html#6.5): Lua's own, charged for. */
#include "lua/guest.h"
#include "lua/library/charge.h"

/*
 * The iterator of utf8.codes, upvalue 1 being Lua's: it passes over all continuation bytes behind a character, of which a text may have
 * as many as it likes, and a script may call it with any text and position.
 */
static int codes_next(lua_State *L)
{
	size_t length, at, bytes = 0;
	const char *text = luaL_checklstring(L, 1, &length);
	lua_Integer position = lua_tointeger(L, 2);

	for (at = position > 0 ? (size_t)position : 0; at < length && ((unsigned char)text[at] & 0xC0) == 0x80; at++)
		bytes++;
	budget_charge(L, 1 + bytes);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int utf8_codes(lua_State *L)
{
	int results = lua_tocfunction(L, lua_upvalueindex(1))(L), first = lua_gettop(L) - results + 1;

	lua_pushvalue(L, first);
	lua_pushcclosure(L, codes_next, 1);
	lua_replace(L, first);
	return results;
}

static int utf8_codepoint(lua_State *L)
{
	charge_check_slice(L);
	return charge_results(L);
}

void library_utf8(lua_State *L)
{
	static const struct charged_function charged[] = { { "char", charge_arguments },   { "codepoint", utf8_codepoint },
							   { "codes", utf8_codes },	   { "len", charge_arguments },
							   { "offset", charge_arguments }, { NULL, NULL } };

	lua_pushcfunction(L, lua54_of(L)->luaopen_utf8);
	lua_call(L, 0, 1);
	charge_functions(L, charged);
}
