/* Time by the host's clock, and words for amounts: pipe.now, date, sleep, duration, bytes; and small helpers. */
#include "base/duration.h"
#include "base/glob.h"
#include "lua/api/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PATTERN_BYTES = 4096 };

static int64_t now_ms(lua_State *L)
{
	const struct lua_host *host = guest_of(L)->call->options.host;
	struct timespec t;

	if (host && host->now_ms)
		return host->now_ms(host->payload);
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int api_now(lua_State *L)
{
	lua_pushnumber(L, (double)now_ms(L) / 1000);
	return 1;
}

/* (seconds) */
static int wake(lua_State *L, int status, lua_KContext context)
{
	(void)L;
	(void)status;
	(void)context;
	return 0;
}

int api_sleep(lua_State *L)
{
	double seconds = luaL_checknumber(L, 1);

	if (!(seconds >= 0))
		return api_wrong(L, "pipe.sleep", "as many seconds nobody can wait");
	api_wait(L, LUA_WAIT_SLEEP, seconds);
	return guest_wait(L, "pipe.sleep", wake, 0);
}

static void integer(lua_State *L, const char *name, int value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

/* (seconds since 1970, "UTC" | "local") -> a table */
int api_date(lua_State *L)
{
	static const char *const zones[] = { "UTC", "local", NULL };
	double seconds = luaL_optnumber(L, 1, (double)now_ms(L) / 1000);
	bool local = luaL_checkoption(L, 2, "UTC", zones) == 1;
	struct tm t;
	time_t when;

	if (!(fabs(seconds) < 1e11))
		return api_wrong(L, "pipe.date", "that time is too far away");
	when = (time_t)floor(seconds);
	if (!(local ? localtime_r(&when, &t) : gmtime_r(&when, &t)))
		return api_wrong(L, "pipe.date", "that time is too far away");
	lua_createtable(L, 0, 9);
	integer(L, "year", t.tm_year + 1900);
	integer(L, "month", t.tm_mon + 1);
	integer(L, "day", t.tm_mday);
	integer(L, "hour", t.tm_hour);
	integer(L, "min", t.tm_min);
	integer(L, "sec", t.tm_sec);
	integer(L, "wday", t.tm_wday + 1);
	integer(L, "yday", t.tm_yday + 1);
	lua_pushstring(L, local && t.tm_zone ? t.tm_zone : "UTC");
	lua_setfield(L, -2, "zone");
	api_shape(L, "the date", "pipe.Date");
	return 1;
}

/* ---- words for amounts ---- */

int api_duration(lua_State *L)
{
	double seconds = luaL_checknumber(L, 1);
	char buffer[64];

	if (!(fabs(seconds) < 1e12))
		return api_wrong(L, "pipe.duration", "that is no number of seconds");
	lua_pushstring(L, duration_format((int64_t)llround(seconds * 1000), buffer, sizeof(buffer)));
	return 1;
}

/* "0 B", "999 B", "1.5 kB", "12 MB": by thousands, two or three digits. */
int api_bytes(lua_State *L)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double bytes = luaL_checknumber(L, 1), size = fabs(bytes);
	size_t unit = 0;
	char buffer[64];

	if (!(size < 1e18))
		return api_wrong(L, "pipe.bytes", "that is no number of bytes");
	while (size >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		size /= 1000;
		unit++;
	}
	snprintf(buffer, sizeof(buffer), unit && size < 9.95 ? "%s%.1f %s" : "%s%.0f %s", bytes < 0 ? "-" : "", size,
		 units[unit]);
	lua_pushstring(L, buffer);
	return 1;
}

/* ---- helpers ---- */

int api_glob_match(lua_State *L)
{
	size_t pattern_length, path_length;
	const char *pattern = luaL_checklstring(L, 1, &pattern_length), *path = luaL_checklstring(L, 2, &path_length);

	if (pattern_length > PATTERN_BYTES || path_length > PATTERN_BYTES)
		return api_wrong(L, "pipe.glob_match", "a pattern or a path has more than %d bytes", (int)PATTERN_BYTES);
	budget_charge(L, (pattern_length + 1) * (path_length + 1));
	lua_pushboolean(L, glob_match(pattern, path));
	return 1;
}

int api_version(lua_State *L)
{
	lua_pushliteral(L, PIPE_VERSION);
	return 1;
}

/* (a, b) -> -1, 0, 1 */
int api_severity(lua_State *L)
{
	enum severity sides[2];

	for (int i = 0; i < 2; i++)
		if (!severity_from(luaL_checkstring(L, i + 1), &sides[i]))
			return api_wrong(L, "pipe.severity", "\"%s\" is no severity: unknown, info, low, medium, high, critical",
					 lua_tostring(L, i + 1));
	lua_pushinteger(L, sides[0] < sides[1] ? -1 : sides[0] > sides[1]);
	return 1;
}
