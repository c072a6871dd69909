/*
 * Tables are looked at through their __pairs where they have one (what the library hands out), else raw.  Bounds on depth, items and length
 * keep what is shown short; what is the same is decided without them, but for a depth at which nobody looks any more.
 */
#include "lua/test/show.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_DEEP = 6, SHOWN_ITEMS = 60, SHOWN_TEXT = 400, SHOWN_ALL = 8000, WIDE = 72 };
enum { COMPARED_DEEP = 100, DIFFERENCES = 10, PATH_LONG = 200 };

/* ---- what is in a table ---- */

/* Pushes the table itself, or a plain copy of what its __pairs gives. */
static void push_plain(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (luaL_getmetafield(L, index, "__pairs") == LUA_TNIL) {
		lua_pushvalue(L, index);
		return;
	}
	lua_pushvalue(L, index);
	lua_call(L, 1, 3); /* next, state, key */
	lua_createtable(L, 0, 8);
	lua_insert(L, -4); /* copy, next, state, key */
	for (;;) {
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -3);
		lua_call(L, 2, 2); /* copy, next, state, key, new key, value */
		lua_remove(L, -3);
		if (lua_isnil(L, -2))
			break;
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, -7);
		lua_pop(L, 1);
	}
	lua_pop(L, 4);
}

static bool has_parts(lua_State *L, int index)
{
	if (lua_type(L, index) == LUA_TTABLE)
		return true;
	if (lua_type(L, index) != LUA_TUSERDATA || luaL_getmetafield(L, index, "__pairs") == LUA_TNIL)
		return false;
	lua_pop(L, 1);
	return true;
}

/* Numbers before texts before everything else. */
static int key_order(lua_State *L, int a, int b)
{
	const int ta = lua_type(L, a), tb = lua_type(L, b);
	const int ra = ta == LUA_TNUMBER ? 0 : ta == LUA_TSTRING ? 1 : 2, rb = tb == LUA_TNUMBER ? 0 : tb == LUA_TSTRING ? 1 : 2;

	if (ra != rb)
		return ra - rb;
	if (ra == 2)
		return 0;
	return lua_compare(L, a, b, LUA_OPLT) ? -1 : lua_compare(L, b, a, LUA_OPLT);
}

/* Pushes a list of the first `most` keys, in order, that the table has behind 1..sequence; returns how many. */
static lua_Integer push_keys(lua_State *L, int table, lua_Integer sequence, lua_Integer most)
{
	lua_Integer count = 0, at;
	int list, key;

	lua_newtable(L);
	list = lua_gettop(L);
	for (lua_pushnil(L); lua_next(L, table); lua_settop(L, key)) {
		key = list + 1;
		if (lua_isinteger(L, key) && lua_tointeger(L, key) >= 1 && lua_tointeger(L, key) <= sequence)
			continue;
		for (at = count < most ? count++ : most; at > 0; at--) { /* list[at] moves up, unless it stays below */
			lua_rawgeti(L, list, at);
			if (key_order(L, key, key + 2) >= 0)
				break;
			lua_rawseti(L, list, at + 1);
		}
		lua_settop(L, key);
		lua_pushvalue(L, key);
		lua_rawseti(L, list, at + 1);
	}
	return count;
}

/* ---- showing ---- */

static void show_text(lua_State *L, int index, struct str *out)
{
	size_t length;
	const char *text = lua_tolstring(L, index, &length);
	const bool cut = length > SHOWN_TEXT;

	str_addc(out, '"');
	for (size_t i = 0; i < (cut ? SHOWN_TEXT : length); i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			str_printf(out, "\\%c", c);
		else if (c == '\n')
			str_adds(out, "\\n");
		else if (c == '\t')
			str_adds(out, "\\t");
		else if (c < ' ' || c == 0x7f)
			str_printf(out, "\\%u", c);
		else
			str_addc(out, (char)c);
	}
	str_addc(out, '"');
	if (cut)
		str_printf(out, "... (%zu bytes)", length);
}

static bool is_name(const char *text)
{
	static const char fit[] = "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *text && strspn(text, "0123456789") == 0 && text[strspn(text, fit)] == '\0';
}

static void show_plain(lua_State *L, int index, struct str *out)
{
	size_t length;
	const char *text;

	if (lua_type(L, index) == LUA_TSTRING) {
		show_text(L, index, out);
		return;
	}
	text = luaL_tolstring(L, index, &length);
	str_add(out, text, length);
	lua_pop(L, 1);
}

/* Nothing is begun once `out` is longer than `stop`. */
struct show {
	lua_State *L;
	struct str *out;
	size_t stop;
	bool lines;
};

static void show_deep(struct show *s, int index, unsigned deep);

static void show_key(lua_State *L, int index, struct str *out)
{
	if (lua_type(L, index) == LUA_TSTRING && is_name(lua_tostring(L, index))) {
		str_adds(out, lua_tostring(L, index));
		return;
	}
	str_addc(out, '[');
	show_plain(L, index, out);
	str_addc(out, ']');
}

static void separate(const struct show *s, bool first, unsigned deep, bool lines)
{
	if (!first)
		str_addc(s->out, ',');
	if (!lines) {
		str_addc(s->out, ' ');
		return;
	}
	str_addc(s->out, '\n');
	for (unsigned i = 0; i <= deep; i++)
		str_adds(s->out, "  ");
}

static bool may_go_on(const struct show *s, lua_Integer shown)
{
	return shown < SHOWN_ITEMS && s->out->length <= s->stop && !s->out->failed;
}

/* The items of the plain table at `table`. */
static void show_items(struct show *s, int table, unsigned deep, bool lines)
{
	lua_State *L = s->L;
	const lua_Integer sequence = (lua_Integer)lua_rawlen(L, table), keys = push_keys(L, table, sequence, SHOWN_ITEMS);
	const int list = lua_gettop(L);
	lua_Integer shown = 0;

	for (; shown < sequence && may_go_on(s, shown); shown++) {
		separate(s, shown == 0, deep, lines);
		lua_rawgeti(L, table, shown + 1);
		show_deep(s, lua_gettop(L), deep + 1);
		lua_pop(L, 1);
	}
	for (lua_Integer i = 1; i <= keys && may_go_on(s, shown); i++, shown++) {
		separate(s, shown == 0, deep, lines);
		lua_rawgeti(L, list, i);
		show_key(L, lua_gettop(L), s->out);
		str_adds(s->out, " = ");
		lua_rawget(L, table);
		show_deep(s, lua_gettop(L), deep + 1);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	if (shown < sequence + keys || shown == SHOWN_ITEMS) {
		separate(s, false, deep, lines);
		str_adds(s->out, "...");
	}
	if (!shown)
		return;
	str_addc(s->out, lines ? '\n' : ' ');
	for (unsigned i = 0; lines && i < deep; i++)
		str_adds(s->out, "  ");
}

/* On one line where that is short enough. */
static void show_table(struct show *s, int table, unsigned deep)
{
	const size_t from = s->out->length, stop = s->stop;

	str_addc(s->out, '{');
	s->stop = stop < from + WIDE ? stop : from + WIDE;
	show_items(s, table, deep, false);
	s->stop = stop;
	if (s->out->length > from + WIDE && s->lines && !s->out->failed) {
		s->out->length = from;
		str_addc(s->out, '{');
		show_items(s, table, deep, true);
	}
	str_addc(s->out, '}');
}

/* Recursive down to SHOWN_DEEP. */
static void show_deep(struct show *s, int index, unsigned deep)
{
	luaL_checkstack(s->L, 20, "a value that is shown");
	if (!has_parts(s->L, index)) {
		show_plain(s->L, index, s->out);
		return;
	}
	if (deep >= SHOWN_DEEP) {
		str_adds(s->out, "{...}");
		return;
	}
	push_plain(s->L, index);
	show_table(s, lua_gettop(s->L), deep);
	lua_pop(s->L, 1);
}

void show_value(lua_State *L, int index, struct str *out)
{
	struct show s = { .L = L, .out = out, .stop = out->length + SHOWN_ALL, .lines = true };

	show_deep(&s, lua_absindex(L, index), 0);
}

/* On one line. */
static void show_short(lua_State *L, int index, struct str *out)
{
	struct show s = { .L = L, .out = out, .stop = out->length + WIDE };

	show_deep(&s, index, SHOWN_DEEP - 2);
}

/* ---- comparing ---- */

struct comparison {
	struct str *out;
	unsigned found;
	int seen; /* index of a table: pairs of tables that are being compared, or were */
};

static void differ(lua_State *L, struct comparison *c, const char *path, int expected, int got)
{
	if (++c->found > DIFFERENCES)
		return;
	str_printf(c->out, "\n  at %s: expected ", *path ? path : "the top");
	show_short(L, expected, c->out);
	str_adds(c->out, ", got ");
	show_short(L, got, c->out);
}

/* The path of a part, in the caller's room; beyond it, it is cut. */
static void path_of(lua_State *L, int key, const char *above, char *room)
{
	size_t length = strlen(above);
	const char *text;

	if (lua_type(L, key) == LUA_TSTRING && is_name(lua_tostring(L, key))) {
		snprintf(room, PATH_LONG, "%s.%s", above, lua_tostring(L, key));
		return;
	}
	text = luaL_tolstring(L, key, NULL);
	snprintf(room, PATH_LONG, lua_type(L, key) == LUA_TSTRING ? "%.*s[\"%s\"]" : "%.*s[%s]", (int)length, above, text);
	lua_pop(L, 1);
}

static void compare_deep(lua_State *L, struct comparison *c, const char *path, int expected, int got, unsigned deep);

/* What the one has, in the other. */
static void compare_parts(lua_State *L, struct comparison *c, const char *path, int expected, int got, unsigned deep)
{
	char room[PATH_LONG];

	for (lua_pushnil(L); lua_next(L, expected); lua_pop(L, 1)) {
		const int key = lua_gettop(L) - 1;

		path_of(L, key, path, room);
		lua_pushvalue(L, key);
		lua_rawget(L, got);
		compare_deep(L, c, room, key + 1, key + 2, deep + 1);
		lua_pop(L, 1);
	}
	for (lua_pushnil(L); lua_next(L, got); lua_pop(L, 1)) {
		const int key = lua_gettop(L) - 1;

		lua_pushvalue(L, key);
		if (lua_rawget(L, expected) == LUA_TNIL) {
			path_of(L, key, path, room);
			differ(L, c, room, key + 2, key + 1);
		}
		lua_pop(L, 1);
	}
}

/* Was this pair seen before?  A pair that is under way counts as the same: so cycles end. */
static bool seen(lua_State *L, struct comparison *c, int expected, int got)
{
	bool before;

	lua_pushvalue(L, expected);
	if (lua_rawget(L, c->seen) == LUA_TTABLE) {
		lua_pushvalue(L, got);
		before = lua_rawget(L, -2) != LUA_TNIL;
		lua_pop(L, 1);
	} else {
		before = false;
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, expected);
		lua_pushvalue(L, -2);
		lua_rawset(L, c->seen);
	}
	if (!before) {
		lua_pushvalue(L, got);
		lua_pushboolean(L, true);
		lua_rawset(L, -3);
	}
	lua_pop(L, 1);
	return before;
}

/* Recursive down to COMPARED_DEEP. */
static void compare_deep(lua_State *L, struct comparison *c, const char *path, int expected, int got, unsigned deep)
{
	luaL_checkstack(L, 20, "tables that are compared");
	if (lua_rawequal(L, expected, got))
		return;
	if (!has_parts(L, expected) || !has_parts(L, got)) {
		if (!lua_compare(L, expected, got, LUA_OPEQ))
			differ(L, c, path, expected, got);
		return;
	}
	if (deep >= COMPARED_DEEP)
		luaL_error(L, "the tables are nested too deeply to be compared (%d)", COMPARED_DEEP);
	if (seen(L, c, expected, got))
		return;
	push_plain(L, expected);
	push_plain(L, got);
	compare_parts(L, c, path, lua_gettop(L) - 1, lua_gettop(L), deep);
	lua_pop(L, 2);
}

bool show_differences(lua_State *L, int expected, int got, struct str *out)
{
	struct comparison c = { .out = out };

	expected = lua_absindex(L, expected);
	got = lua_absindex(L, got);
	lua_newtable(L);
	c.seen = lua_gettop(L);
	compare_deep(L, &c, "", expected, got, 0);
	lua_pop(L, 1);
	if (c.found > DIFFERENCES)
		str_printf(out, "\n  and %u more", c.found - DIFFERENCES);
	return !c.found;
}
