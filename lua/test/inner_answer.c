/* What a script waits for, answered by the test's tables and functions, at once. */
#include "base/error.h"
#include "lua/test/inner.h"

#include <string.h>

/* ---- texts ---- */

static void set_text(lua_State *L, const char *name, const char *text)
{
	if (!text)
		return;
	lua_pushstring(L, text);
	lua_setfield(L, -2, name);
}

/* A list of "NAME=VALUE" or "Name: value" as a table. */
static void push_pairs(lua_State *L, const char *const *pairs, const char *separator)
{
	lua_newtable(L);
	for (; pairs && *pairs; pairs++) {
		const size_t length = strcspn(*pairs, separator);
		const char *value = *pairs + length + ((*pairs)[length] != '\0');

		lua_pushlstring(L, *pairs, length);
		lua_pushstring(L, value + strspn(value, *separator == ':' ? " " : ""));
		lua_settable(L, -3);
	}
}

/* Appends the table on the top to the list in a slot; the table stays. */
static void note(lua_State *L, int slot)
{
	lua_pushvalue(L, -1);
	lua_rawseti(L, slot, (lua_Integer)lua_rawlen(L, slot) + 1);
}

/* The table on the top has a member that is to be an integer. */
static int64_t take_integer(struct inner *in, int table, const char *name, int64_t otherwise)
{
	lua_State *L = in->L;
	const int type = lua_getfield(L, table, name);
	int fits = 1;
	const lua_Integer n = type == LUA_TNIL ? otherwise : lua_tointegerx(L, -1, &fits);

	if (!fits)
		luaL_error(L, "%s: %s of an answer is to be a number", in->what, name);
	lua_pop(L, 1);
	return n;
}

/* A member that is to be a text, which stays on the stack. */
static const char *take_text(struct inner *in, int table, const char *name, size_t *length)
{
	lua_State *L = in->L;
	const int type = lua_getfield(L, table, name);

	if (type != LUA_TSTRING && type != LUA_TNIL && type != LUA_TNUMBER)
		luaL_error(L, "%s: %s of an answer is to be a text, not a %s", in->what, name, luaL_typename(L, -1));
	*length = 0;
	return type == LUA_TNIL ? NULL : lua_tolstring(L, -1, length);
}

/* ---- the test's word ---- */

/* The value of the option `name` for one of two keys; a function of the test, there or in place of the whole table, is called with what
 * stands between `arguments` and the top.  Then two values are on the stack from the index that is returned. */
static int ask(struct inner *in, const char *name, const char *key, const char *other, int arguments)
{
	lua_State *L = in->L;
	const int count = lua_gettop(L) - arguments + 1;

	luaL_checkstack(L, count + 10, "an answer");
	if (lua_getfield(L, SLOT_OPTIONS, name) == LUA_TTABLE) {
		if (lua_getfield(L, -1, key) == LUA_TNIL) {
			lua_pop(L, 1);
			lua_getfield(L, -1, other);
		}
		lua_remove(L, -2);
	}
	if (lua_isnil(L, -1))
		luaL_error(L, "%s: the script asks for %s, and `%s` of the test has no answer for it", in->what, key, name);
	if (lua_isfunction(L, -1)) {
		for (int i = 0; i < count; i++)
			lua_pushvalue(L, arguments + i);
		lua_call(L, count, 2);
	} else {
		lua_pushnil(L);
	}
	return lua_gettop(L) - 1;
}

/* `nil, "why"`: there is no answer. */
static bool is_refusal(struct inner *in, int result, struct lua_answer *a)
{
	lua_State *L = in->L;
	const char *why = lua_tostring(L, result + 1);

	if (!lua_isnil(L, result))
		return false;
	a->code = error_set(&a->error, PIPE_ENETWORK, "%s", why ? why : "the test gives no answer");
	return true;
}

/* ---- HTTP ---- */

static int add_to(const char *text, size_t length, void *payload)
{
	struct str *out = payload;

	str_add(out, text, length);
	return out->failed ? -1 : 0;
}

/* `json` of an answer: its text is the body. */
static void take_json_body(struct inner *in, int table, struct lua_answer *a)
{
	lua_State *L = in->L;
	const char *why = NULL;

	if (lua_getfield(L, table, "json") == LUA_TNIL)
		return;
	json_decref(in->value);
	in->value = value_to_json(L, -1, &why);
	if (!in->value)
		luaL_error(L, "%s: json of an answer: %s", in->what, why ? why : "it cannot be taken");
	str_reset(&in->text);
	if (json_dump_callback(in->value, add_to, &in->text, JSON_COMPACT | JSON_ENCODE_ANY))
		luaL_error(L, "out of memory");
	a->body = lua_pushlstring(L, in->text.data, in->text.length);
	a->length = in->text.length;
}

static void take_headers(struct inner *in, int table, bool json, struct lua_answer *a)
{
	lua_State *L = in->L;

	str_reset(&in->text);
	if (json)
		str_adds(&in->text, "content-type: application/json\n");
	if (lua_getfield(L, table, "headers") == LUA_TTABLE)
		for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
			if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
				luaL_error(L, "%s: headers of an answer are to be texts by name", in->what);
			str_printf(&in->text, "%s: %s\n", lua_tostring(L, -2), lua_tostring(L, -1));
		}
	a->headers = lua_pushlstring(L, in->text.data, in->text.length);
}

static void take_http(struct inner *in, int result, struct lua_answer *a)
{
	lua_State *L = in->L;
	bool json;

	a->status = 200;
	if (lua_type(L, result) == LUA_TSTRING) {
		a->body = lua_tolstring(L, result, &a->length);
		return;
	}
	if (!lua_istable(L, result))
		luaL_error(L, "%s: an answer of http is to be { status = 200, body = \"...\" }, a text, or nil and why",
			   in->what);
	a->status = (long)take_integer(in, result, "status", 200);
	a->ms = (double)take_integer(in, result, "ms", 0);
	a->body = take_text(in, result, "body", &a->length);
	json = !a->body;
	if (json)
		take_json_body(in, result, a);
	take_headers(in, result, json && a->body, a);
}

static void answer_http(struct inner *in, const struct lua_wait *w, struct lua_answer *a)
{
	lua_State *L = in->L;
	const char *method = w->http.method ? w->http.method : "GET", *key;
	int request, result;

	lua_newtable(L);
	request = lua_gettop(L);
	set_text(L, "url", w->http.url);
	set_text(L, "method", method);
	push_pairs(L, w->http.headers, ":");
	lua_setfield(L, request, "headers");
	if (w->http.body) {
		lua_pushlstring(L, w->http.body, w->http.body_length);
		lua_setfield(L, request, "body");
	}
	note(L, SLOT_REQUESTS);
	key = lua_pushfstring(L, "%s %s", method, w->http.url);
	lua_insert(L, request); /* key, request */
	result = ask(in, "http", key, w->http.url, request + 1);
	if (!is_refusal(in, result, a))
		take_http(in, result, a);
}

/* ---- commands ---- */

static const char *push_line(lua_State *L, const char *const *argv)
{
	lua_pushliteral(L, "");
	for (size_t i = 0; argv[i]; i++) {
		lua_pushstring(L, i ? " " : "");
		lua_pushstring(L, argv[i]);
		lua_concat(L, 3);
	}
	return lua_tostring(L, -1);
}

static void push_argv(lua_State *L, const char *const *argv)
{
	lua_newtable(L);
	for (size_t i = 0; argv[i]; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

/* What else was said of a command, as members of the table on the top. */
static void set_details(lua_State *L, const struct lua_wait *w)
{
	set_text(L, "directory", w->exec.directory);
	if (w->exec.input) {
		lua_pushlstring(L, w->exec.input, w->exec.input_length);
		lua_setfield(L, -2, "input");
	}
	if (w->exec.env) {
		push_pairs(L, w->exec.env, "=");
		lua_setfield(L, -2, "env");
	}
}

static void take_exec(struct inner *in, int result, struct lua_answer *a)
{
	lua_State *L = in->L;

	if (lua_type(L, result) == LUA_TSTRING) {
		a->body = lua_tolstring(L, result, &a->length);
		return;
	}
	if (!lua_istable(L, result))
		luaL_error(L, "%s: an answer of exec is to be { code = 0, output = \"...\" }, a text, or nil and why", in->what);
	a->exit_code = (int)take_integer(in, result, "code", 0);
	lua_getfield(L, result, "truncated");
	a->truncated = lua_toboolean(L, -1);
	a->body = take_text(in, result, "output", &a->length);
}

static void answer_exec(struct inner *in, const struct lua_wait *w, struct lua_answer *a)
{
	lua_State *L = in->L;
	const char *line = push_line(L, w->exec.argv);
	const int arguments = lua_gettop(L) + 1;
	int result;

	push_argv(L, w->exec.argv);
	set_details(L, w);
	note(L, SLOT_COMMANDS);
	lua_pop(L, 1);
	push_argv(L, w->exec.argv); /* the function's two arguments */
	lua_newtable(L);
	set_details(L, w);
	result = ask(in, "exec", line, w->exec.argv[0], arguments);
	if (!is_refusal(in, result, a))
		take_exec(in, result, a);
}

/* ---- the others ---- */

static void answer_mail(struct inner *in, const struct lua_wait *w, struct lua_answer *a)
{
	lua_State *L = in->L;

	(void)a;
	lua_newtable(L);
	set_text(L, "server", w->mail.url);
	set_text(L, "from", w->mail.from);
	set_text(L, "user", w->mail.user);
	lua_newtable(L);
	for (size_t i = 0; w->mail.to && w->mail.to[i]; i++) {
		lua_pushstring(L, w->mail.to[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "to");
	lua_pushlstring(L, w->mail.message, w->mail.length);
	lua_setfield(L, -2, "message");
	note(L, SLOT_MAILS);
}

static void answer_sleep(struct inner *in, const struct lua_wait *w, struct lua_answer *a)
{
	(void)a;
	in->slept_ms += w->timeout_ms;
	fixture_advance(in->fixture, w->timeout_ms);
}

void inner_answer(struct inner *in, const struct lua_wait *wait)
{
	static void (*const kinds[])(struct inner * in, const struct lua_wait *w, struct lua_answer *a) = {
		[LUA_WAIT_HTTP] = answer_http,
		[LUA_WAIT_EXEC] = answer_exec,
		[LUA_WAIT_SLEEP] = answer_sleep,
		[LUA_WAIT_MAIL] = answer_mail,
	};
	struct lua_answer answer = { .code = PIPE_OK };

	kinds[wait->kind](in, wait, &answer);
	lua_call_answer(in->call, &answer);
	fixture_advance(in->fixture, (int64_t)answer.ms);
	lua_settop(in->L, SLOT_TOP);
}
