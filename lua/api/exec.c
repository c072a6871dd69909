/* pipe.exec: a program and its arguments; no shell stands in between. */
#include "lua/api/inside.h"

#include <ctype.h>
#include <string.h>

enum { WORDS_MOST = 4096, BYTES_MOST = 1 << 20, OUTPUT_MOST = 16 << 20, INPUT_MOST = 16 << 20 };

static const char name[] = "pipe.exec";

/* The text on the top, without NUL; its length. */
static const char *word(lua_State *L, const char *what, size_t *length)
{
	const char *text;

	if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
		api_wrong(L, name, "%s is to be text, not a %s", what, luaL_typename(L, -1));
	text = lua_tolstring(L, -1, length);
	if (memchr(text, '\0', *length))
		api_wrong(L, name, "there is a NUL in %s", what);
	return text;
}

/* Pushes a list of its own of what the table at `from` lists: nobody changes that while the program runs. */
static void push_words(lua_State *L, int from)
{
	size_t count = lua_rawlen(L, from), length, all = 0;
	int list;

	if (!count || count > WORDS_MOST)
		api_wrong(L, name, count ? "more than 4,096 arguments" : "the program is missing: {\"helm\", \"list\"}");
	lua_createtable(L, (int)count, 0);
	list = lua_gettop(L);
	for (size_t i = 1; i <= count; i++) {
		lua_rawgeti(L, from, (lua_Integer)i);
		word(L, "each argument", &length);
		all += length + 1;
		if (all > BYTES_MOST)
			api_wrong(L, name, "the arguments have more than %d bytes", (int)BYTES_MOST);
		lua_rawseti(L, list, (lua_Integer)i);
		budget_charge(L, length + 10);
	}
}

static bool is_name(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	while (*text && (isalnum((unsigned char)*text) || *text == '_'))
		text++;
	return !*text;
}

/* Pushes a list "NAME=VALUE". */
static void push_environment(lua_State *L, int from)
{
	size_t length, all = 0;
	int list;

	if (lua_type(L, from) != LUA_TTABLE)
		api_wrong(L, name, "\"env\" is to be a table of texts by name");
	lua_createtable(L, 0, 0);
	list = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, from)) {
		if (lua_type(L, -2) != LUA_TSTRING || !is_name(lua_tostring(L, -2)) ||
		    strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2))
			api_wrong(L, name, "\"env\" has a name that is none of a variable");
		lua_pushfstring(L, "%s=%s", lua_tostring(L, -2), word(L, "each value of \"env\"", &length));
		all += lua_rawlen(L, -1);
		if (all > BYTES_MOST)
			api_wrong(L, name, "\"env\" has more than %d bytes", (int)BYTES_MOST);
		api_append(L, list);
		lua_pop(L, 1);
		budget_charge(L, length + 10);
	}
}

/* A directory of the workspace. */
static const char *directory_of(lua_State *L)
{
	const char *directory = api_word(L, 2, name, "directory");

	if (directory && *directory == '/')
		api_wrong(L, name, "\"directory\" is one of the workspace: a relative path");
	for (const char *part = directory; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			api_wrong(L, name, "\"directory\" leads out of the workspace");
	}
	return directory;
}

static int finish(lua_State *L, int status, lua_KContext context)
{
	const struct lua_answer *answer = guest_of(L)->call->answer;

	(void)status;
	(void)context;
	if (api_no_answer(L))
		return 2;
	lua_createtable(L, 0, 5);
	lua_pushinteger(L, answer->exit_code);
	lua_setfield(L, -2, "code");
	lua_pushboolean(L, answer->exit_code == 0);
	lua_setfield(L, -2, "ok");
	api_push_body(L, answer);
	lua_setfield(L, -2, "output");
	lua_pushboolean(L, answer->truncated);
	lua_setfield(L, -2, "truncated");
	lua_pushnumber(L, answer->ms);
	lua_setfield(L, -2, "ms");
	api_shape(L, "the result", "pipe.ExecResult");
	return 1;
}

int api_exec(lua_State *L)
{
	const struct lua_guest *g = guest_of(L);
	const char *const *argv, *const *env = NULL;
	const char *input, *directory;
	double timeout;
	size_t length = 0;
	struct lua_wait *wait;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	api_options(L, 2, name, "pipe.ExecOptions");
	push_words(L, 1);
	argv = api_texts(L);
	if (!*argv[0])
		api_wrong(L, name, "the program has no name");
	if (!lua_granted(g->call->options.grants, LUA_GRANT_EXEC, argv[0]))
		guest_refuse(L, LUA_GRANT_EXEC, argv[0]);
	if (api_value(L, 2, "env")) {
		push_environment(L, lua_gettop(L));
		env = api_texts(L);
	}
	directory = directory_of(L);
	input = api_text(L, 2, name, "input", &length);
	if (length > INPUT_MOST)
		api_wrong(L, name, "\"input\" has more than %d bytes", (int)INPUT_MOST);
	timeout = api_timeout(L, 2, name, (double)g->budget.limits.wall_ms / 1000);
	wait = api_wait(L, LUA_WAIT_EXEC, timeout);
	wait->exec.argv = argv;
	wait->exec.env = env;
	wait->exec.directory = directory;
	wait->exec.input = input;
	wait->exec.input_length = length;
	wait->exec.max_bytes = OUTPUT_MOST;
	return guest_wait(L, name, finish, 0);
}
