/*
 * Nothing here is freed when Lua raises: what is made lies in arenas of the caller.  While a value is taken over, no Lua memory is
 * asked for, so that only a budget that is over can raise.
 */
#include "lua/pipeline/places.h"

#include "base/utf8.h"
#include "lua/guest.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SHARED = 40 }; /* texts that are longer are kept once; shorter ones may be copied */

/* In the registry: the table from tables to the numbers of their constructors. */
static const char places_key;

/* ---- where tables were made ---- */

/* __at(number, table): the table. */
static int note_constructor(lua_State *L)
{
	lua_settop(L, 2);
	if (lua_type(L, 2) == LUA_TTABLE && lua_isinteger(L, 1)) {
		lua_pushvalue(L, 2);
		lua_pushinteger(L, lua_tointegerx(L, 1, NULL));
		lua_rawset(L, lua_upvalueindex(1));
	}
	return 1;
}

void pipeline_places_install(lua_State *L, void *payload)
{
	(void)payload;
	lua_pushliteral(L, "__at");
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &places_key);
	lua_pushcclosure(L, note_constructor, 1);
	lua_rawset(L, -3);
}

static uint32_t constructor_of(lua_State *L, int table)
{
	uint32_t number = 0;

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &places_key) == LUA_TTABLE) {
		lua_pushvalue(L, table);
		if (lua_rawget(L, -2) == LUA_TNUMBER) {
			lua_Integer n = lua_tointegerx(L, -1, NULL);

			number = n >= 0 && n < UINT32_MAX ? (uint32_t)n + 1 : 0;
		}
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return number;
}

/* ---- values ---- */

static struct pipeline_value *new_value(struct pipeline_places *p, enum pipeline_kind kind)
{
	struct pipeline_value *v = ARENA_NEW(&p->scratch, struct pipeline_value);

	if (!v) {
		p->nomem = true;
		return NULL;
	}
	v->kind = kind;
	v->height = 1;
	v->weight = 1;
	return v;
}

static struct pipeline_value *wrong(struct pipeline_places *p, const char *what)
{
	struct pipeline_value *v = new_value(p, PIPELINE_WRONG);

	if (v)
		v->text = what;
	return v;
}

static struct pipeline_value *remember(struct pipeline_places *p, struct pipeline_value *v, const void *address)
{
	v->address = address;
	if (!map_put(&p->seen, &p->scratch, (const char *)&v->address, sizeof(v->address), v))
		p->nomem = true;
	return v;
}

static struct pipeline_value *known(const struct pipeline_places *p, const void *address)
{
	return map_get(&p->seen, (const char *)&address, sizeof(address));
}

static struct pipeline_value *plain(struct pipeline_places *p, const char *text)
{
	struct pipeline_value *v = new_value(p, PIPELINE_PLAIN);

	if (!v)
		return NULL;
	v->count = (uint32_t)strlen(text);
	v->text = arena_strndup(p->texts, text, v->count);
	p->nomem |= !v->text;
	return v;
}

/* The shortest that reads back as the same, and not as an integer. */
static struct pipeline_value *number(lua_State *L, struct pipeline_places *p)
{
	char text[40];
	double n;

	if (lua_isinteger(L, -1)) {
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)lua_tointegerx(L, -1, NULL));
		return plain(p, text);
	}
	n = lua_tonumberx(L, -1, NULL);
	if (isnan(n))
		return plain(p, ".nan");
	if (isinf(n))
		return plain(p, n < 0 ? "-.inf" : ".inf");
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, n);
		if (strtod(text, NULL) == n)
			break;
	}
	/* Whatever stands there in the program's language. */
	text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : '\0';
	if (!strpbrk(text, ".e"))
		strncat(text, ".0", sizeof(text) - strlen(text) - 1);
	return plain(p, text);
}

static const char *judge_text(const char *s, size_t length)
{
	if (length > UINT32_MAX / 2)
		return "a text beyond 2 GiB";
	if (memchr(s, '\0', length))
		return "a text with a NUL byte";
	return utf8_valid(s, length) == length ? NULL : "a text that is no UTF-8";
}

static struct pipeline_value *text(lua_State *L, struct pipeline_places *p)
{
	size_t length;
	const char *s = lua_tolstring(L, -1, &length), *why;
	struct pipeline_value *v = length > TEXT_SHARED ? known(p, s) : NULL;

	if (v)
		return v;
	budget_charge(L, length / 16 + 1);
	why = judge_text(s, length);
	if (why)
		return wrong(p, why);
	v = new_value(p, PIPELINE_TEXT);
	if (!v)
		return NULL;
	v->count = (uint32_t)length;
	v->text = arena_strndup(p->texts, s, length);
	p->nomem |= !v->text;
	return length > TEXT_SHARED ? remember(p, v, s) : v;
}

/* ---- tables ---- */

static struct pipeline_value *take(lua_State *L, struct pipeline_places *p, uint32_t depth);

static const char *other_type(lua_State *L)
{
	switch (lua_type(L, -1)) {
	case LUA_TFUNCTION:
		return "a function";
	case LUA_TTHREAD:
		return "a coroutine";
	default:
		return "an object of the library";
	}
}

/* What the keys of the table on the top are. */
struct keys {
	uint64_t texts, integers, others;
	lua_Integer least, most;
	const char *why; /* a text cannot be a key */
};

static void look_at_key(lua_State *L, struct keys *k)
{
	size_t length;

	if (lua_type(L, -1) == LUA_TSTRING) {
		const char *s = lua_tolstring(L, -1, &length), *why = judge_text(s, length);

		budget_charge(L, length / 16);
		k->texts++;
		k->why = why ? why : k->why;
	} else if (lua_isinteger(L, -1)) {
		lua_Integer i = lua_tointegerx(L, -1, NULL);

		k->integers++;
		k->least = i < k->least ? i : k->least;
		k->most = i > k->most ? i : k->most;
	} else {
		k->others++;
	}
}

static struct keys look_at_keys(lua_State *L)
{
	struct keys k = { .least = LUA_MAXINTEGER, .most = LUA_MININTEGER };

	lua_pushnil(L);
	while (lua_next(L, -2)) {
		budget_charge(L, 1);
		lua_pop(L, 1);
		look_at_key(L, &k);
	}
	return k;
}

static const char *say(struct pipeline_places *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *say(struct pipeline_places *p, const char *format, ...)
{
	const char *said;
	va_list ap;

	va_start(ap, format);
	said = arena_vprintf(p->texts, format, ap);
	va_end(ap);
	p->nomem |= !said;
	return said ? said : "";
}

/* NULL: nothing is wrong with them. */
static const char *judge_keys(lua_State *L, struct pipeline_places *p, const struct keys *k)
{
	lua_Integer hole = 1;

	if (k->others)
		return "a table with a key that is no text";
	if (k->why)
		return say(p, "a table with %s as a key", k->why);
	if (k->texts && k->integers)
		return "a table with named and with numbered items, and so neither a map nor a list";
	if (!k->integers || (k->least == 1 && (uint64_t)k->most == k->integers))
		return NULL;
	if (k->least < 1)
		return "a table with a key that is a number below 1";
	for (; lua_rawgeti(L, -1, hole) != LUA_TNIL; hole++)
		lua_pop(L, 1);
	lua_pop(L, 1);
	return say(p, "a list with a hole, since its item %lld is nil", (long long)hole);
}

static bool add_part(struct pipeline_value *v, const char *key, uint32_t length, struct pipeline_value *part)
{
	if (!part)
		return false;
	v->pairs[v->count++] = (struct pipeline_pair){ key, length, part };
	if (part->height >= v->height)
		v->height = part->height + 1;
	v->weight = v->weight > UINT64_MAX - part->weight ? UINT64_MAX : v->weight + part->weight;
	return true;
}

static bool take_map(lua_State *L, struct pipeline_places *p, struct pipeline_value *v, uint32_t depth)
{
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		struct pipeline_value *part = take(L, p, depth), *key;

		lua_pop(L, 1);
		key = text(L, p);
		if (!key || !add_part(v, key->text, key->count, part))
			return false;
	}
	return true;
}

static bool take_list(lua_State *L, struct pipeline_places *p, struct pipeline_value *v, uint64_t count, uint32_t depth)
{
	for (uint64_t i = 1; i <= count; i++) {
		lua_rawgeti(L, -1, (lua_Integer)i);
		if (!add_part(v, NULL, 0, take(L, p, depth)))
			return false;
		lua_pop(L, 1);
	}
	return true;
}

/* An empty table whose script said what it is (pipe.json.object). */
static enum pipeline_kind marked_kind(lua_State *L)
{
	const char *why;
	json_t *json = value_to_json(L, lua_gettop(L), &why);
	enum pipeline_kind kind = json_is_object(json) ? PIPELINE_MAP : PIPELINE_LIST;

	json_decref(json);
	return kind;
}

/* What a table with a metatable would show is not what is in it; marks of the library are no more than that. */
static const char *judge_metatable(lua_State *L, bool *marked)
{
	*marked = false;
	if (!lua_getmetatable(L, -1))
		return NULL;
	*marked = value_is_mark(L);
	lua_pop(L, 1);
	if (*marked)
		return NULL;
	return wall_is_door(L, -1) ? "a table of the library" : "a table with a metatable";
}

/* The table on the top, which was not seen before. */
static struct pipeline_value *take_table(lua_State *L, struct pipeline_places *p, struct pipeline_value *v, uint32_t depth)
{
	bool marked, good;
	const char *why = judge_metatable(L, &marked);
	struct keys k = { 0 };

	if (!why) {
		k = look_at_keys(L);
		why = judge_keys(L, p, &k);
	}
	if (why) {
		v->kind = PIPELINE_WRONG;
		v->text = why;
		return v;
	}
	v->kind = k.texts ? PIPELINE_MAP : k.integers ? PIPELINE_LIST : marked ? marked_kind(L) : PIPELINE_EMPTY;
	if (k.texts + k.integers > UINT32_MAX / 2)
		return NULL;
	v->pairs = ARENA_ARRAY(&p->scratch, struct pipeline_pair, k.texts + k.integers);
	if (!v->pairs)
		return NULL;
	v->open = true;
	good = k.texts ? take_map(L, p, v, depth) : take_list(L, p, v, k.integers, depth);
	v->open = false;
	return good ? v : NULL;
}

static struct pipeline_value *table(lua_State *L, struct pipeline_places *p, uint32_t depth)
{
	struct pipeline_value *v = known(p, lua_topointer(L, -1));

	if (v)
		return v->open ? wrong(p, "a table that stands in itself") : v;
	if (depth >= PIPELINE_DEPTH_MOST)
		return wrong(p, "a table that is nested too deep");
	v = lua_checkstack(L, 8) ? new_value(p, PIPELINE_EMPTY) : NULL;
	if (!v || !remember(p, v, lua_topointer(L, -1)))
		return NULL;
	v->constructor = constructor_of(L, lua_gettop(L));
	return take_table(L, p, v, depth + 1);
}

/* The value on the top, which stays there.  NULL: no memory; then the stack is left as it is. */
static struct pipeline_value *take(lua_State *L, struct pipeline_places *p, uint32_t depth)
{
	struct pipeline_value *v;

	budget_charge(L, 1);
	switch (lua_type(L, -1)) {
	case LUA_TNIL:
		v = new_value(p, PIPELINE_NULL);
		break;
	case LUA_TBOOLEAN:
		v = plain(p, lua_toboolean(L, -1) ? "true" : "false");
		break;
	case LUA_TNUMBER:
		v = number(L, p);
		break;
	case LUA_TSTRING:
		v = text(L, p);
		break;
	case LUA_TTABLE:
		v = table(L, p, depth);
		break;
	default:
		v = value_is_null(L, lua_gettop(L)) ? new_value(p, PIPELINE_NULL) : wrong(p, other_type(L));
	}
	if (!v)
		p->nomem = true;
	return v;
}

struct keeping {
	struct pipeline_places *places;
	lua_State *from; /* what was returned is all that is left there */
};

static int keep(lua_State *L)
{
	struct keeping *k = lua_touserdata(L, 1);

	if (!lua_gettop(k->from) || lua_isnil(k->from, 1))
		return 0;
	k->places->nomem = true;
	if (!lua_checkstack(k->from, 1) || !lua_checkstack(L, 8))
		return 0;
	lua_pushvalue(k->from, 1);
	lua_xmove(k->from, L, 1);
	k->places->nomem = false;
	k->places->root = take(L, k->places, 0);
	return 0;
}

bool pipeline_places_keep(struct lua_call *call, struct pipeline_places *p)
{
	struct keeping k = { p, call->thread };
	int status;

	budget_enter(call->guest);
	status = guest_protected(call->guest, keep, &k);
	budget_leave(call->guest);
	return status == LUA_OK;
}
