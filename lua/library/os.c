/* What is left of `os`: time, by the host's clock (a test's stands still), and the processor time of the call. */
#include "lua/guest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <time.h>

/* Conversions that strftime is given: C99's. */
static const char plain_conversions[] = "aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";

static const struct {
	const char *name;
	size_t at;
	int shift;    /* of what Lua says */
	int fallback; /* -1: it must be there */
} date_fields[] = {
	{ "year", offsetof(struct tm, tm_year), 1900, -1 }, { "month", offsetof(struct tm, tm_mon), 1, -1 },
	{ "day", offsetof(struct tm, tm_mday), 0, -1 },	    { "hour", offsetof(struct tm, tm_hour), 0, 12 },
	{ "min", offsetof(struct tm, tm_min), 0, 0 },	    { "sec", offsetof(struct tm, tm_sec), 0, 0 },
	{ "yday", offsetof(struct tm, tm_yday), 1, -2 },    { "wday", offsetof(struct tm, tm_wday), 1, -2 },
};
enum { DATE_FIELDS = sizeof(date_fields) / sizeof(*date_fields), DERIVED = -2 };

static int *field_of(struct tm *t, size_t at)
{
	return (int *)(void *)((char *)t + at);
}

static lua_Integer now_seconds(lua_State *L)
{
	const struct lua_host *host = guest_of(L)->call->options.host;

	if (host && host->now_ms)
		return host->now_ms(host->payload) / 1000;
	return (lua_Integer)time(NULL);
}

static void push_fields(lua_State *L, struct tm *t)
{
	for (size_t i = 0; i < DATE_FIELDS; i++) {
		lua_pushinteger(L, (lua_Integer)*field_of(t, date_fields[i].at) + date_fields[i].shift);
		lua_setfield(L, -2, date_fields[i].name);
	}
	if (t->tm_isdst >= 0) {
		lua_pushboolean(L, t->tm_isdst);
		lua_setfield(L, -2, "isdst");
	}
}

/* ---- os.time ---- */

static int check_field(lua_State *L, size_t i)
{
	lua_Integer value;
	int is_integer;

	if (lua_getfield(L, 1, date_fields[i].name) == LUA_TNIL) {
		if (date_fields[i].fallback < 0)
			return luaL_error(L, "field '%s' missing in date table", date_fields[i].name);
		lua_pop(L, 1);
		return date_fields[i].fallback;
	}
	value = lua_tointegerx(L, -1, &is_integer);
	if (!is_integer)
		return luaL_error(L, "field '%s' is not an integer", date_fields[i].name);
	if (value < INT_MIN / 2 || value > INT_MAX / 2)
		return luaL_error(L, "field '%s' is out-of-bound", date_fields[i].name);
	lua_pop(L, 1);
	return (int)value - date_fields[i].shift;
}

static int os_time(lua_State *L)
{
	struct tm t = { 0 };
	time_t value;

	if (lua_isnoneornil(L, 1)) {
		lua_pushinteger(L, now_seconds(L));
		return 1;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	for (size_t i = 0; i < DATE_FIELDS; i++)
		if (date_fields[i].fallback != DERIVED)
			*field_of(&t, date_fields[i].at) = check_field(L, i);
	t.tm_isdst = lua_getfield(L, 1, "isdst") == LUA_TNIL ? -1 : lua_toboolean(L, -1);
	lua_settop(L, 1);
	value = mktime(&t);
	if (value == (time_t)-1)
		return luaL_error(L, "time result cannot be represented in this installation");
	if (!wall_is_door(L, 1))
		push_fields(L, &t);
	lua_pushinteger(L, (lua_Integer)value);
	return 1;
}

/* ---- os.date ---- */

static void add_conversion(lua_State *L, luaL_Buffer *out, char c, const struct tm *t)
{
	char format[3] = { '%', c, '\0' }, text[256];
	size_t length;

	if (!c || !strchr(plain_conversions, c))
		luaL_argerror(L, 1, "invalid conversion specifier in the format");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	length = strftime(text, sizeof(text), format, t); /* one of the conversions above */
#pragma GCC diagnostic pop
	luaL_addlstring(out, text, length);
}

static int formatted(lua_State *L, const char *format, size_t length, const struct tm *t)
{
	luaL_Buffer out;

	luaL_buffinit(L, &out);
	for (size_t i = 0; i < length; i++) {
		budget_charge(L, 1);
		if (format[i] != '%') {
			luaL_addchar(&out, format[i]);
			continue;
		}
		budget_charge(L, 50);
		i++;
		add_conversion(L, &out, i < length ? format[i] : '\0', t);
	}
	luaL_pushresult(&out);
	return 1;
}

static int os_date(lua_State *L)
{
	size_t length;
	const char *format = luaL_optlstring(L, 1, "%c", &length);
	time_t when = (time_t)(lua_isnoneornil(L, 2) ? now_seconds(L) : luaL_checkinteger(L, 2));
	struct tm t;
	bool utc = *format == '!';

	format += utc;
	length -= utc;
	if (!(utc ? gmtime_r(&when, &t) : localtime_r(&when, &t)))
		return luaL_error(L, "date result cannot be represented in this installation");
	if (strncmp(format, "*t", 2))
		return formatted(L, format, length, &t);
	lua_createtable(L, 0, DATE_FIELDS + 1);
	push_fields(L, &t);
	return 1;
}

/* ---- the others ---- */

static int os_clock(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)budget_used_us(guest_of(L)) / 1e6);
	return 1;
}

static int os_difftime(lua_State *L)
{
	lua_pushnumber(L, difftime((time_t)luaL_checkinteger(L, 1), (time_t)luaL_checkinteger(L, 2)));
	return 1;
}

void library_os(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "clock", os_clock }, { "date", os_date }, { "difftime", os_difftime }, { "time", os_time }, { NULL, NULL }
	};

	luaL_newlibtable(L, functions);
	luaL_setfuncs(L, functions, 0);
}
