/*
 * The library `string` (https://www.lua.org/manual/5.4/manual.html#6.4).  What works through patterns is written anew over pattern.h; the
 * rest is Lua's own behind a charge (charge.h).  string.dump is absent: its only use is bytecode, which `load` does not take.
 */
#include "lua/guest.h"
#include "lua/library/charge.h"
#include "lua/library/pattern.h"

#include <string.h>

/* A text argument. */
struct text {
	const char *data;
	size_t length;
};

static struct text check_text(lua_State *L, int index)
{
	struct text t;

	t.data = luaL_checklstring(L, index, &t.length);
	return t;
}

/* Where a search begins, from 0: a position counts from 1, or from the end.  May lie behind the end. */
static size_t check_start(lua_State *L, int index, size_t length)
{
	lua_Integer at = luaL_optinteger(L, index, 1);

	if (at > 0)
		return (size_t)at - 1;
	if (at == 0 || 0 - (lua_Unsigned)at > length)
		return 0;
	return length + (lua_Unsigned)at;
}

/* ---- find, match ---- */

static int find_plain(lua_State *L, struct text s, struct text wanted, size_t start)
{
	const char *found;

	budget_charge(L, s.length - start + wanted.length);
	found = memmem(s.data + start, s.length - start, wanted.data, wanted.length);
	if (!found) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, found - s.data + 1);
	lua_pushinteger(L, found - s.data + (lua_Integer)wanted.length);
	return 2;
}

/* Skips the anchor. */
static bool is_anchored(struct text *items)
{
	if (items->length == 0 || *items->data != '^')
		return false;
	items->data++;
	items->length--;
	return true;
}

static int push_found(struct pattern *p, bool find, const char *at, const char *end)
{
	if (!find)
		return pattern_push_captures(p, at, end);
	lua_pushinteger(p->L, at - p->text + 1);
	lua_pushinteger(p->L, end - p->text);
	return pattern_push_captures(p, NULL, NULL) + 2;
}

static int search(lua_State *L, bool find)
{
	struct text s = check_text(L, 1), items = check_text(L, 2);
	size_t start = check_start(L, 3, s.length);
	struct pattern p;
	bool anchored;

	if (start <= s.length) {
		if (find && (lua_toboolean(L, 4) || pattern_is_plain(items.data, items.length)))
			return find_plain(L, s, items, start);
		anchored = is_anchored(&items);
		pattern_init(&p, L, s.data, s.length, items.data, items.length);
		for (const char *at = s.data + start, *end; at <= p.text_end; at++) {
			if ((end = pattern_match(&p, at)))
				return push_found(&p, find, at, end);
			if (anchored)
				break;
		}
	}
	lua_pushnil(L);
	return 1;
}

static int string_find(lua_State *L)
{
	return search(L, true);
}

static int string_match(lua_State *L)
{
	return search(L, false);
}

/* ---- gmatch ---- */

/* Upvalues: the text, the pattern, this.  Both texts stay where they are as long as the closure does. */
struct gmatch {
	struct pattern pattern;
	const char *at, *last_end; /* an empty match where the last one ended is none */
};

static int gmatch_next(lua_State *L)
{
	struct gmatch *g = lua_touserdata(L, lua_upvalueindex(3));
	const char *end;

	g->pattern.L = L; /* which coroutine it is may change from call to call */
	for (; g->at <= g->pattern.text_end; g->at++) {
		end = pattern_match(&g->pattern, g->at);
		if (end && end != g->last_end) {
			int count = pattern_push_captures(&g->pattern, g->at, end);
			g->at = g->last_end = end;
			return count;
		}
	}
	return 0;
}

static int string_gmatch(lua_State *L)
{
	struct text s = check_text(L, 1), items = check_text(L, 2);
	size_t start = check_start(L, 3, s.length);
	struct gmatch *g;

	lua_settop(L, 2);
	g = lua_newuserdatauv(L, sizeof(*g), 0);
	pattern_init(&g->pattern, L, s.data, s.length, items.data, items.length);
	g->at = start > s.length ? g->pattern.text_end + 1 : s.data + start;
	g->last_end = NULL;
	lua_pushcclosure(L, gmatch_next, 3);
	return 1;
}

/* ---- gsub ---- */

/* The replacement text, with its `%1`. */
static void add_text(struct pattern *p, luaL_Buffer *b, const char *match, const char *match_end)
{
	struct text with = { NULL, 0 };
	const char *end, *mark;

	with.data = lua_tolstring(p->L, 3, &with.length);
	end = with.data + with.length;
	budget_charge(p->L, with.length);
	for (; (mark = memchr(with.data, '%', (size_t)(end - with.data))); with.data = mark + 2) {
		luaL_addlstring(b, with.data, (size_t)(mark - with.data));
		if (mark[1] == '%') {
			luaL_addchar(b, '%');
		} else if (mark[1] == '0') {
			luaL_addlstring(b, match, (size_t)(match_end - match));
		} else if (mark[1] >= '1' && mark[1] <= '9') {
			pattern_push_capture(p, mark[1] - '1', match, match_end);
			luaL_addvalue(b);
		} else {
			luaL_error(p->L, "invalid use of '%c' in replacement string", '%');
		}
	}
	luaL_addlstring(b, with.data, (size_t)(end - with.data));
}

/* The value that a function or table has for the match.  False: it is kept as it is. */
static bool add_value(struct pattern *p, luaL_Buffer *b, const char *match, const char *match_end, int type)
{
	lua_State *L = p->L;

	if (type == LUA_TFUNCTION) {
		lua_pushvalue(L, 3);
		lua_call(L, pattern_push_captures(p, match, match_end), 1);
	} else {
		pattern_push_capture(p, 0, match, match_end);
		lua_gettable(L, 3);
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(b, match, (size_t)(match_end - match));
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	budget_charge(L, lua_rawlen(L, -1)); /* 0 of a number */
	luaL_addvalue(b);
	return true;
}

static bool replace(struct pattern *p, luaL_Buffer *b, const char *match, const char *match_end)
{
	int type = lua_type(p->L, 3);

	if (type == LUA_TFUNCTION || type == LUA_TTABLE)
		return add_value(p, b, match, match_end, type);
	add_text(p, b, match, match_end);
	return true;
}

/* Replaces up to `most` matches: how many; *changed: the result differs from the text. */
static lua_Integer substitute(struct pattern *p, luaL_Buffer *b, lua_Integer most, bool anchored, bool *changed)
{
	const char *at = p->text, *last_end = NULL, *end;
	lua_Integer count = 0;

	while (count < most) {
		end = pattern_match(p, at);
		if (end && end != last_end) {
			count++;
			*changed |= replace(p, b, at, end);
			at = last_end = end;
		} else if (at < p->text_end) {
			luaL_addchar(b, *at++);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	if (*changed)
		luaL_addlstring(b, at, (size_t)(p->text_end - at));
	return count;
}

static int string_gsub(lua_State *L)
{
	struct text s = check_text(L, 1), items = check_text(L, 2);
	int type = lua_type(L, 3);
	lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)s.length + 1), count;
	bool anchored = is_anchored(&items), changed = false;
	struct pattern p;
	luaL_Buffer b;

	if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TFUNCTION && type != LUA_TTABLE)
		luaL_typeerror(L, 3, "string/function/table");
	luaL_buffinit(L, &b);
	pattern_init(&p, L, s.data, s.length, items.data, items.length);
	count = substitute(&p, &b, most, anchored, &changed);
	if (changed)
		luaL_pushresult(&b);
	else
		lua_pushvalue(L, 1);
	lua_pushinteger(L, count);
	return 2;
}

/* ---- byte, rep, unpack: Lua's own, except where it would run on for nothing or return too much ---- */

static int string_rep(lua_State *L)
{
	struct text s = check_text(L, 1);
	size_t separator = 0;

	luaL_checkinteger(L, 2);
	luaL_optlstring(L, 3, "", &separator);
	if (s.length + separator > 0)
		return charge_results(L); /* memory bounds it */
	lua_pushliteral(L, "");
	return 1;
}

static int string_byte(lua_State *L)
{
	charge_check_slice(L);
	return charge_results(L);
}

static int string_unpack(lua_State *L)
{
	struct text format = check_text(L, 1), data = check_text(L, 2);

	/* The end of a "z" may be looked for in vain up to the end of the data. */
	budget_charge(L, format.length + (memchr(format.data, 'z', format.length) ? data.length : 0));
	return charge_results(L);
}

void library_string(lua_State *L)
{
	static const luaL_Reg ours[] = { { "find", string_find },
					 { "match", string_match },
					 { "gmatch", string_gmatch },
					 { "gsub", string_gsub },
					 { NULL, NULL } };
	static const struct charged_function charged[] = { { "byte", string_byte },	    { "rep", string_rep },
							   { "unpack", string_unpack },	    { "char", charge_arguments },
							   { "format", charge_arguments },  { "lower", charge_arguments },
							   { "pack", charge_arguments },    { "packsize", charge_arguments },
							   { "reverse", charge_arguments }, { "sub", charge_results },
							   { "upper", charge_arguments },   { NULL, NULL } };

	lua_pushcfunction(L, lua54_of(L)->luaopen_string); /* also makes the metatable of texts (the wall closes it) */
	lua_call(L, 0, 1);
	lua_pushnil(L);
	lua_setfield(L, -2, "dump");
	luaL_setfuncs(L, ours, 0);
	charge_functions(L, charged);
}
