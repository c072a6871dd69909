/* `assert`: as ever when it is called, and with members that say what was expected and what was there. */
#include "lua/test/room.h"
#include "lua/test/show.h"

#include <math.h>
#include <string.h>

/* The text to fill, empty. */
static struct str *begin(lua_State *L, int arguments, const char *name)
{
	struct test_file *file = test_file_of(L);

	if (lua_gettop(L) < arguments)
		luaL_error(L, "assert.%s wants %d values, not %d", name, arguments, lua_gettop(L));
	str_reset(&file->scratch);
	return &file->scratch;
}

/* Raises what is in the text; the optional message of the test, at the index, goes in front. */
static int fail(lua_State *L, int message)
{
	const struct str *text = &test_file_of(L)->scratch;

	lua_settop(L, message);
	luaL_where(L, 1);
	if (lua_type(L, message) == LUA_TSTRING) {
		lua_pushvalue(L, message);
		lua_pushliteral(L, ": ");
	} else {
		lua_pushliteral(L, "");
		lua_pushliteral(L, "");
	}
	lua_pushlstring(L, text->data, text->length);
	lua_concat(L, 4);
	return lua_error(L);
}

static int expected_got(lua_State *L, const char *expected, int message, int got)
{
	struct str *out = begin(L, 0, "");

	str_printf(out, "expected %s, got ", expected);
	show_value(L, got, out);
	return fail(L, message);
}

/* ---- values ---- */

static void two_values(lua_State *L, struct str *out, const char *one, const char *other)
{
	str_printf(out, "%s ", one);
	show_value(L, 1, out);
	str_adds(out, out->length > 40 || memchr(out->data, '\n', out->length) ? "\n" : ", ");
	str_printf(out, "%s ", other);
	show_value(L, 2, out);
}

static int equal(lua_State *L)
{
	struct str *out = begin(L, 2, "equal");

	if (lua_compare(L, 1, 2, LUA_OPEQ))
		return 0;
	two_values(L, out, "expected", "got");
	if (lua_istable(L, 1) && lua_istable(L, 2))
		str_adds(out, "\n(two tables are equal only if they are one; assert.same looks into them)");
	return fail(L, 3);
}

static int not_equal(lua_State *L)
{
	begin(L, 2, "not_equal");
	if (!lua_compare(L, 1, 2, LUA_OPEQ))
		return 0;
	return expected_got(L, "something else", 3, 2);
}

static int same(lua_State *L)
{
	struct str *out = begin(L, 2, "same");

	if (show_differences(L, 1, 2, out))
		return 0;
	lua_pushlstring(L, out->data, out->length);
	str_reset(out);
	two_values(L, out, "expected", "got");
	if (lua_istable(L, 1) && lua_istable(L, 2))
		str_adds(out, lua_tostring(L, -1));
	lua_pop(L, 1);
	return fail(L, 3);
}

/* ---- truth ---- */

static int truthy(lua_State *L)
{
	begin(L, 1, "truthy");
	return lua_toboolean(L, 1) ? 0 : expected_got(L, "something true", 2, 1);
}

static int falsy(lua_State *L)
{
	begin(L, 1, "falsy");
	return lua_toboolean(L, 1) ? expected_got(L, "false or nil", 2, 1) : 0;
}

static int is_true(lua_State *L)
{
	begin(L, 1, "is_true");
	return lua_isboolean(L, 1) && lua_toboolean(L, 1) ? 0 : expected_got(L, "true", 2, 1);
}

static int is_false(lua_State *L)
{
	begin(L, 1, "is_false");
	return lua_isboolean(L, 1) && !lua_toboolean(L, 1) ? 0 : expected_got(L, "false", 2, 1);
}

static int is_nil(lua_State *L)
{
	begin(L, 1, "is_nil");
	return lua_isnil(L, 1) ? 0 : expected_got(L, "nil", 2, 1);
}

static int is_not_nil(lua_State *L)
{
	begin(L, 1, "is_not_nil");
	return lua_isnil(L, 1) ? expected_got(L, "a value", 2, 1) : 0;
}

/* ---- texts, lists, numbers ---- */

/* string.find(text, pattern, 1, plain), the library's own with its budget. */
static bool find(lua_State *L, int text, int pattern, bool plain)
{
	bool found;

	lua_getfield(L, text, "find");
	lua_pushvalue(L, text);
	lua_pushvalue(L, pattern);
	lua_pushinteger(L, 1);
	lua_pushboolean(L, plain);
	lua_call(L, 4, 1);
	found = !lua_isnil(L, -1);
	lua_pop(L, 1);
	return found;
}

static int matches(lua_State *L)
{
	struct str *out = begin(L, 2, "matches");

	luaL_checktype(L, 1, LUA_TSTRING);
	if (lua_type(L, 2) == LUA_TSTRING && find(L, 2, 1, false))
		return 0;
	two_values(L, out, "expected a text that matches", "got");
	return fail(L, 3);
}

static bool list_has(lua_State *L, int list, int needle)
{
	bool found = false;

	for (lua_Integer i = 1, n = luaL_len(L, list); i <= n && !found; i++) {
		budget_charge(L, 1);
		lua_geti(L, list, i);
		found = lua_compare(L, -1, needle, LUA_OPEQ);
		lua_pop(L, 1);
	}
	return found;
}

static int contains(lua_State *L)
{
	struct str *out = begin(L, 2, "contains");
	const int type = lua_type(L, 2);
	bool found = false;

	if (type == LUA_TSTRING)
		found = lua_type(L, 1) == LUA_TSTRING && find(L, 2, 1, true);
	else if (type == LUA_TTABLE)
		found = list_has(L, 2, 1);
	if (found)
		return 0;
	two_values(L, out, "expected something with", "got");
	return fail(L, 3);
}

static int near(lua_State *L)
{
	struct str *out = begin(L, 3, "near");
	const double expected = luaL_checknumber(L, 1), tolerance = luaL_checknumber(L, 3);

	if (lua_type(L, 2) == LUA_TNUMBER && fabs(lua_tonumber(L, 2) - expected) <= tolerance)
		return 0;
	str_printf(out, "expected %.14g, give or take %.14g, got ", expected, tolerance);
	show_value(L, 2, out);
	return fail(L, 4);
}

/* ---- errors ---- */

static int error(lua_State *L)
{
	struct str *out = begin(L, 1, "error");
	int status;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_settop(L, 2);
	lua_pushvalue(L, 1);
	status = lua_pcall(L, 0, 0, 0);
	budget_check(L);
	if (status == LUA_ERRMEM)
		budget_starve(L);
	if (status == LUA_OK) {
		str_adds(out, "expected an error, and there was none");
		return fail(L, 3);
	}
	if (lua_isnil(L, 2))
		return 1;
	luaL_tolstring(L, 3, NULL);
	if (find(L, 4, 2, false)) {
		lua_settop(L, 3);
		return 1;
	}
	str_adds(out, "expected an error that matches ");
	show_value(L, 2, out);
	str_adds(out, ", got ");
	show_value(L, 4, out);
	return fail(L, 5);
}

/* assert(v, message, ...), as Lua has it. */
static int plain_assert(lua_State *L)
{
	lua_remove(L, 1);
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	luaL_checkany(L, 1);
	lua_remove(L, 1);
	if (lua_isnoneornil(L, 1))
		return luaL_error(L, "assertion failed!");
	lua_settop(L, 1);
	return lua_error(L);
}

static int unknown(lua_State *L)
{
	return luaL_error(L, "assert has no \"%s\"", luaL_tolstring(L, 2, NULL));
}

void test_push_assert(lua_State *L, struct test_file *file)
{
	static const luaL_Reg members[] = { { "equal", equal },
					    { "not_equal", not_equal },
					    { "same", same },
					    { "truthy", truthy },
					    { "falsy", falsy },
					    { "is_true", is_true },
					    { "is_false", is_false },
					    { "is_nil", is_nil },
					    { "is_not_nil", is_not_nil },
					    { "matches", matches },
					    { "contains", contains },
					    { "near", near },
					    { "error", error },
					    { NULL, NULL } };
	static const luaL_Reg meta[] = { { "__call", plain_assert }, { "__index", unknown }, { NULL, NULL } };

	lua_newtable(L);
	lua_pushlightuserdata(L, file);
	luaL_setfuncs(L, members, 1);
	lua_newtable(L);
	luaL_setfuncs(L, meta, 0);
	lua_setmetatable(L, -2);
}
