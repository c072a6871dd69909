/* What a test says of a call: options become a fixture, with what the test puts over it, grants and a source. */
#include "base/error.h"
#include "base/suggest.h"
#include "lua/test/inner.h"

#include <string.h>
#include <time.h>

static const char *const usual_options[] = { "file", "text", "fixture", "vars",	 "with",  "ctx",  "now",
					     "http", "exec", "files",	"allow", "point", "host", NULL };

/* ---- members of the table ---- */

static bool is_one_of(const char *const *names, const char *name, struct suggest *near)
{
	for (; names && *names; names++) {
		if (!strcmp(*names, name))
			return true;
		suggest_offer(near, *names);
	}
	return false;
}

static void check_names(struct inner *in, const char *const *more)
{
	lua_State *L = in->L;
	struct suggest near;

	for (lua_pushnil(L); lua_next(L, SLOT_OPTIONS); lua_pop(L, 1)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;

		if (!name)
			luaL_error(L, "%s wants named options, { file = ..., fixture = ... }", in->what);
		suggest_init(&near, name);
		if (!is_one_of(usual_options, name, &near) && !is_one_of(more, name, &near))
			luaL_error(L, "%s has no option \"%s\"%s%s%s", in->what, name, near.best ? "; did you mean \"" : "",
				   near.best ? near.best : "", near.best ? "\"?" : "");
	}
}

const char *inner_text(struct inner *in, const char *name)
{
	lua_State *L = in->L;
	const char *text;

	if (lua_getfield(L, SLOT_OPTIONS, name) != LUA_TSTRING && !lua_isnil(L, -1))
		luaL_error(L, "%s: %s is to be a text, not a %s", in->what, name, luaL_typename(L, -1));
	text = lua_tostring(L, -1);
	lua_pop(L, 1); /* the table still has it */
	return text;
}

/* Takes an option as JSON into in->value; NULL: not given. */
static json_t *take_json(struct inner *in, const char *name)
{
	lua_State *L = in->L;
	const char *why = NULL;

	json_decref(in->value);
	in->value = NULL;
	if (lua_getfield(L, SLOT_OPTIONS, name) != LUA_TNIL) {
		in->value = value_to_json(L, -1, &why);
		if (!in->value)
			luaL_error(L, "%s: %s: %s", in->what, name, why ? why : "it cannot be taken");
	}
	lua_pop(L, 1);
	return in->value;
}

/* ---- the document ---- */

static void need(struct inner *in, bool good)
{
	if (!good)
		luaL_error(in->L, "out of memory");
}

/* An empty table of Lua is an empty list to JSON. */
static bool is_object(const json_t *value)
{
	return json_is_object(value) || (json_is_array(value) && !json_array_size(value));
}

/* Puts the members of `over` into the member `name` of the document, which may be shared with others and is copied. */
static void put_over(struct inner *in, const char *name, json_t *over)
{
	const json_t *under = json_object_get(in->document, name);
	json_t *merged = json_is_object(under) ? json_copy((json_t *)(uintptr_t)under) : json_object();

	if (merged && json_is_object(over) && json_object_update(merged, over)) {
		json_decref(merged);
		merged = NULL;
	}
	need(in, merged && !json_object_set_new(in->document, name, merged));
}

static void put_option_over(struct inner *in, const char *name)
{
	json_t *over = take_json(in, name);

	if (!over)
		return;
	if (!is_object(over))
		luaL_error(in->L, "%s: %s is to be a table with names", in->what, name);
	put_over(in, name, over);
}

/* Of `ctx`: run and job over those of the fixture, the rest beside them. */
static void put_context_over(struct inner *in)
{
	json_t *over = take_json(in, "ctx"), *member;
	const char *name;

	if (over && !is_object(over))
		luaL_error(in->L, "%s: ctx is to be a table with names", in->what);
	if (!json_is_object(over))
		return;
	json_object_foreach(over, name, member)
	{
		json_t *one;

		if (!strcmp(name, "run") || !strcmp(name, "job") || !strcmp(name, "baseline")) {
			put_over(in, name, member);
			continue;
		}
		if (!strcmp(name, "point")) {
			need(in, !json_object_set(in->document, name, member));
			continue;
		}
		one = json_pack("{sO}", name, member);
		need(in, one != NULL);
		put_over(in, "ctx", one);
		json_decref(one);
	}
}

static json_t *load_document(struct inner *in, const char *name)
{
	struct lua_test_suite *suite = in->file->suite;
	const struct lua_source *source;
	json_t *document = map_get(&suite->fixtures, name, strlen(name)), **slot;
	json_error_t why;
	pipe_error err = { 0 };

	if (document)
		return document;
	if (suite->options.source(suite->options.payload, name, in->file->source->name, &source, &err))
		luaL_error(in->L, "%s: %s", in->what, err.text);
	document = map_get(&suite->fixtures, source->name, strlen(source->name));
	if (document)
		return document;
	slot = vec_push(&suite->arena, &suite->documents);
	need(in, slot != NULL);
	*slot = json_loadb(source->text, source->length, JSON_REJECT_DUPLICATES, &why);
	if (!*slot) {
		suite->documents.count--;
		luaL_error(in->L, "%s: %s:%d:%d: %s", in->what, source->name, why.line, why.column, why.text);
	}
	need(in, map_put(&suite->fixtures, &suite->arena, source->name, strlen(source->name), *slot));
	return *slot;
}

static void read_document(struct inner *in)
{
	lua_State *L = in->L;
	json_t *given;

	if (lua_getfield(L, SLOT_OPTIONS, "fixture") == LUA_TSTRING)
		given = load_document(in, lua_tostring(L, -1));
	else
		given = take_json(in, "fixture");
	lua_pop(L, 1);
	if (given && !is_object(given))
		luaL_error(L, "%s: fixture is to be the name of a file, or a table with names", in->what);
	in->document = json_is_object(given) ? json_copy(given) : json_object();
	need(in, in->document != NULL);
	put_option_over(in, "vars");
	put_option_over(in, "files");
	put_context_over(in);
	if (take_json(in, "with"))
		need(in, !json_object_set(in->document, "with", in->value));
	if (inner_text(in, "point"))
		need(in, !json_object_set_new(in->document, "point", json_string(inner_text(in, "point"))));
}

/* ---- the clock ---- */

/* "2026-11-20T15:30:00Z", or seconds. */
static void read_now(struct inner *in)
{
	lua_State *L = in->L;
	const int type = lua_getfield(L, SLOT_OPTIONS, "now");
	struct tm tm = { .tm_mday = 1 };
	const char *end;

	if (type == LUA_TNUMBER && lua_tonumber(L, -1) >= 0 && lua_tonumber(L, -1) < 1e12) {
		fixture_set_now(in->fixture, (int64_t)(lua_tonumber(L, -1) * 1000));
	} else if (type != LUA_TNIL) {
		end = type == LUA_TSTRING ? strptime(lua_tostring(L, -1), "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
		if (!end || strcmp(end, "Z") != 0)
			luaL_error(L, "%s: now is to be seconds since 1970, or a time such as \"2026-11-20T15:30:00Z\"",
				   in->what);
		fixture_set_now(in->fixture, (int64_t)timegm(&tm) * 1000);
	}
	lua_pop(L, 1);
}

/* ---- grants ---- */

/* The list of texts in the table on the top, as an array of C; the table is taken off. */
static const char *const *take_list(struct inner *in, const char *name)
{
	lua_State *L = in->L;
	lua_Integer count;
	const char **list;

	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		return NULL;
	}
	if (!lua_istable(L, -1))
		luaL_error(L, "%s: allow.%s is to be a list", in->what, name);
	count = (lua_Integer)lua_rawlen(L, -1);
	list = ARENA_ARRAY(&in->arena, const char *, (size_t)count + 1);
	need(in, list != NULL);
	for (lua_Integer i = 1; i <= count; i++) {
		if (lua_rawgeti(L, -1, i) != LUA_TSTRING)
			luaL_error(L, "%s: allow.%s is to be a list of texts", in->what, name);
		list[i - 1] = arena_strdup(&in->arena, lua_tostring(L, -1));
		need(in, list[i - 1] != NULL);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return list;
}

/* What a key of `http` ("POST https://...?x") or `exec` ("helm version") is granted as. */
static const char *granted_by_key(struct inner *in, const char *key, bool http)
{
	const char *from = http && strchr(key, ' ') ? strchr(key, ' ') + 1 : key;

	return arena_strndup(&in->arena, from, strcspn(from, http ? "?#" : " "));
}

/* Everything that the test's table answers; a function answers all. */
static void grant_answers(struct inner *in, const char *name, enum lua_grant what, const char *const **out)
{
	lua_State *L = in->L;
	const int type = lua_getfield(L, SLOT_OPTIONS, name);
	VEC(const char *) list = { 0 };
	const char **one;

	if (type == LUA_TFUNCTION)
		in->grants.all |= 1u << what;
	else if (type != LUA_TTABLE && type != LUA_TNIL)
		luaL_error(L, "%s: %s is to be a function, or a table of answers", in->what, name);
	for (lua_pushnil(L); type == LUA_TTABLE && lua_next(L, -2); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "%s: the keys of %s are to be %s", in->what, name,
				   what == LUA_GRANT_HTTP ? "addresses" : "commands, such as \"helm version\"");
		one = vec_push(&in->arena, &list);
		need(in, one && (*one = granted_by_key(in, lua_tostring(L, -2), what == LUA_GRANT_HTTP)));
	}
	lua_settop(L, SLOT_TOP);
	need(in, vec_push(&in->arena, &list) != NULL); /* the end */
	*out = list.items;
}

static void read_grants(struct inner *in)
{
	static const struct {
		const char *name;
		size_t offset;
	} kinds[] = { { "http", offsetof(struct lua_grants, http) },
		      { "exec", offsetof(struct lua_grants, exec) },
		      { "read", offsetof(struct lua_grants, read) },
		      { "secrets", offsetof(struct lua_grants, secrets) },
		      { "mail", offsetof(struct lua_grants, mail) } };
	lua_State *L = in->L;

	if (lua_getfield(L, SLOT_OPTIONS, "allow") == LUA_TNIL) {
		lua_pop(L, 1);
		in->grants.all = 1u << LUA_GRANT_READ | 1u << LUA_GRANT_SECRET | 1u << LUA_GRANT_MAIL;
		grant_answers(in, "http", LUA_GRANT_HTTP, &in->grants.http);
		grant_answers(in, "exec", LUA_GRANT_EXEC, &in->grants.exec);
		return;
	}
	if (!lua_istable(L, -1))
		luaL_error(L, "%s: allow is to be a table, as in the pipeline file", in->what);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		lua_getfield(L, -1, kinds[i].name);
		*(const char *const **)((char *)&in->grants + kinds[i].offset) = take_list(in, kinds[i].name);
	}
	lua_pop(L, 1);
}

/* ---- the script ---- */

/* A piece that the test made up lives as long as the suite: compiled code is found by its address. */
static const struct lua_source *source_of_text(struct inner *in, const char *text)
{
	struct arena *a = &in->file->suite->arena;
	struct lua_source *s = ARENA_NEW(a, struct lua_source);

	need(in, s != NULL);
	s->name = arena_printf(a, "%s:text", in->file->source->name);
	s->text = arena_strdup(a, text);
	need(in, s->name && s->text);
	s->length = strlen(text);
	return s;
}

static void read_source(struct inner *in)
{
	const struct lua_test_options *o = &in->file->suite->options;
	const char *file = inner_text(in, "file"), *text = inner_text(in, "text");
	pipe_error err = { 0 };

	if (!file == !text)
		luaL_error(in->L, "%s wants one of file = \"...\" and text = \"...\"", in->what);
	if (text)
		in->source = source_of_text(in, text);
	else if (o->source(o->payload, file, in->file->source->name, &in->source, &err))
		luaL_error(in->L, "%s: %s", in->what, err.text);
}

void inner_read_options(struct inner *in, const char *const *more_options)
{
	pipe_error err = { 0 };

	check_names(in, more_options);
	read_source(in);
	read_document(in);
	if (fixture_create(&in->fixture, in->document, &err) || fixture_context(in->fixture, &in->context, &err))
		luaL_error(in->L, "%s: %s", in->what, err.text);
	fixture_functions(in->fixture, inner_functions(in));
	read_now(in);
	read_grants(in);
}
