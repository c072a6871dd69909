/* Reading arguments: tables of options, strictly and without calling anything of the script's; and the beginnings of waits. */
#include "lua/api/inside.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

enum { URL_BYTES = 8192, STACK_ROOM = 24 };

int api_wrong(lua_State *L, const char *function, const char *format, ...)
{
	va_list ap;

	luaL_where(L, 1);
	lua_pushfstring(L, "%s: ", function);
	va_start(ap, format);
	lua_pushvfstring(L, format, ap);
	va_end(ap);
	lua_concat(L, 3);
	return lua_error(L);
}

int api_no_memory(lua_State *L)
{
	guest_of(L)->budget.starved = true;
	return budget_starve(L);
}

bool api_options(lua_State *L, int index, const char *function, const char *class)
{
	const struct api_class *known = api_class_named(class);

	luaL_checkstack(L, STACK_ROOM, function);
	if (lua_isnoneornil(L, index))
		return false;
	luaL_checktype(L, index, LUA_TTABLE);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		lua_pop(L, 1);
		budget_charge(L, 10);
		if (lua_type(L, -1) != LUA_TSTRING || !api_field_named(known, lua_tostring(L, -1)))
			api_no_field(L, function, known, lua_gettop(L));
	}
	return true;
}

bool api_value(lua_State *L, int index, const char *name)
{
	if (lua_type(L, index) != LUA_TTABLE)
		return false;
	lua_pushstring(L, name);
	if (lua_rawget(L, index) != LUA_TNIL)
		return true;
	lua_pop(L, 1);
	return false;
}

static int wrong_type(lua_State *L, const char *function, const char *name, const char *wanted)
{
	return api_wrong(L, function, "\"%s\" is to be %s, not a %s", name, wanted, luaL_typename(L, -1));
}

const char *api_text(lua_State *L, int index, const char *function, const char *name, size_t *length)
{
	if (!api_value(L, index, name))
		return NULL;
	if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
		wrong_type(L, function, name, "text");
	return lua_tolstring(L, -1, length);
}

const char *api_word(lua_State *L, int index, const char *function, const char *name)
{
	size_t length;
	const char *text = api_text(L, index, function, name, &length);

	for (size_t i = 0; text && i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			api_wrong(L, function, "there is a line end or another control character in \"%s\"", name);
	return text;
}

bool api_number(lua_State *L, int index, const char *function, const char *name, double *out)
{
	if (!api_value(L, index, name))
		return false;
	if (lua_type(L, -1) != LUA_TNUMBER)
		wrong_type(L, function, name, "a number");
	*out = lua_tonumber(L, -1);
	lua_pop(L, 1);
	return true;
}

bool api_flag(lua_State *L, int index, const char *function, const char *name, bool fallback)
{
	bool truth = fallback;

	if (!api_value(L, index, name))
		return fallback;
	if (lua_type(L, -1) != LUA_TBOOLEAN)
		wrong_type(L, function, name, "true or false");
	truth = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return truth;
}

const char *const *api_texts(lua_State *L)
{
	int table = lua_gettop(L);
	size_t count = lua_rawlen(L, table);
	const char **texts = lua_newuserdatauv(L, (count + 1) * sizeof(*texts), 0);

	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(L, table, (lua_Integer)i + 1);
		texts[i] = lua_tostring(L, -1);
		lua_pop(L, 1);
	}
	texts[count] = NULL;
	return texts;
}

void api_append(lua_State *L, int list)
{
	lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

bool api_is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!text[i] || (!isalnum((unsigned char)text[i]) && !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return length > 0;
}

static int dump(const char *text, size_t length, void *payload)
{
	struct str *out = payload;

	str_add(out, text, length);
	return out->failed;
}

void api_push_json_text(lua_State *L, int index, const char *function, size_t flags)
{
	struct api_scratch *s = api_scratch(L);
	const char *why;

	s->text.limit = guest_of(L)->budget.limits.memory_bytes;
	s->json = value_to_json(L, index, &why);
	if (!s->json && value_no_memory(why))
		api_no_memory(L);
	if (!s->json)
		api_wrong(L, function, "this cannot be JSON: %s", why);
	if (json_dump_callback(s->json, dump, &s->text, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY)) {
		if (!s->text.full)
			api_no_memory(L);
		api_wrong(L, function, "this cannot be JSON: it is too large");
	}
	budget_charge(L, s->text.length);
	lua_pushlstring(L, s->text.data, s->text.length);
	api_scratch_clear(s);
	lua_remove(L, -2);
}

/* ---- waiting ---- */

double api_timeout(lua_State *L, int index, const char *function, double fallback)
{
	double seconds = fallback;

	if (api_number(L, index, function, "timeout", &seconds) && !(seconds > 0))
		api_wrong(L, function, "\"timeout\" is to be more than 0 seconds");
	return seconds;
}

struct lua_wait *api_wait(lua_State *L, enum lua_wait_kind kind, double seconds)
{
	struct lua_guest *g = guest_of(L);
	const int64_t left = budget_left_ms(g);

	g->call->wait = (struct lua_wait){ .kind = kind };
	g->call->wait.timeout_ms = seconds * 1000 < (double)left ? (int64_t)ceil(seconds * 1000) : left;
	return &g->call->wait;
}

bool api_no_answer(lua_State *L)
{
	const struct lua_answer *answer = guest_of(L)->call->answer;

	if (answer->code == PIPE_OK)
		return false;
	lua_pushnil(L);
	lua_pushstring(L, *answer->error.text ? answer->error.text : "there is no answer");
	return true;
}

void api_push_body(lua_State *L, const struct lua_answer *answer)
{
	lua_pushlstring(L, answer->body ? answer->body : "", answer->body ? answer->length : 0);
}

void api_push_origin(lua_State *L, const char *url)
{
	const char *host = strstr(url, "://");

	lua_pushlstring(L, url, host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strlen(url));
}

static const char *url_fault(const char *url, size_t length)
{
	const size_t scheme = !strncasecmp(url, "http://", 7) ? 7 : !strncasecmp(url, "https://", 8) ? 8 : 0;

	if (!scheme)
		return "an address begins with https:// or http://";
	if (length > URL_BYTES)
		return "the address is too long";
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f || url[i] == '\\')
			return "there is a character in the address that must be written as %XX";
	if (memchr(url + scheme, '@', strcspn(url + scheme, "/?#")))
		return "there is a user in the address: say who asks in a header";
	return strcspn(url + scheme, "/?#:") ? NULL : "there is no host in the address";
}

void api_check_url(lua_State *L, const char *function, const char *url, size_t length)
{
	const char *fault = url_fault(url, length);

	if (fault)
		api_wrong(L, function, "%s", fault);
	if (!lua_granted(guest_of(L)->call->options.grants, LUA_GRANT_HTTP, url))
		guest_refuse(L, LUA_GRANT_HTTP, url);
}
