/*
 * `host = { name = function(...) end }` of a test: functions that stand for those of the embedding program.  They are called while the script's
 * step is under way, on the test's own state, protected: no error of theirs passes by the script's.
 */
#include "lua/test/inner.h"

#include "base/error.h"

#include <string.h>

struct test_function {
	struct inner *in;
	const char *name;
};

struct request {
	const struct test_function *function;
	const json_t *arguments;
	json_t **result;
};

/* (request, options) */
static int call_function(lua_State *L)
{
	const struct request *r = lua_touserdata(L, 1);
	const int count = (int)json_array_size(r->arguments);
	const char *why = NULL;

	luaL_checkstack(L, count + 10, "arguments");
	lua_getfield(L, 2, "host");
	lua_getfield(L, -1, r->function->name);
	for (int i = 0; i < count; i++)
		value_push_json(L, json_array_get(r->arguments, (size_t)i));
	lua_call(L, count, 1);
	if (lua_isnil(L, -1))
		return 0;
	*r->result = value_to_json(L, -1, &why);
	if (!*r->result)
		return luaL_error(L, "the answer of host.%s: %s", r->function->name, why ? why : "it cannot be taken");
	return 0;
}

static int call(void *payload, const json_t *arguments, json_t **result, pipe_error *err)
{
	const struct test_function *f = payload;
	struct request request = { f, arguments, result };
	lua_State *L = f->in->L;
	int rc = PIPE_OK;

	*result = NULL;
	if (!lua_checkstack(L, 10))
		return error_set(err, PIPE_ELIMIT, "host.%s is called too deeply", f->name);
	lua_pushcfunction(L, call_function);
	lua_pushlightuserdata(L, &request);
	lua_pushvalue(L, SLOT_OPTIONS);
	if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
		const char *why = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;

		rc = error_set(err, PIPE_EUSAGE, "%s", why ? why : "the test's function failed");
		lua_pop(L, 1);
	}
	return rc;
}

const struct lua_host_function *inner_functions(struct inner *in)
{
	lua_State *L = in->L;
	VEC(struct lua_host_function) list = { 0 };

	if (lua_getfield(L, SLOT_OPTIONS, "host") != LUA_TTABLE) {
		if (!lua_isnil(L, -1))
			luaL_error(L, "%s: host is to be a table of functions", in->what);
		lua_pop(L, 1);
		return NULL;
	}
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		struct test_function *f = ARENA_NEW(&in->arena, struct test_function);
		struct lua_host_function *one = vec_push(&in->arena, &list);

		if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
			luaL_error(L, "%s: host is to be a table of functions", in->what);
		if (!f || !one || !(f->name = arena_strdup(&in->arena, lua_tostring(L, -2))))
			luaL_error(L, "out of memory");
		f->in = in;
		*one = (struct lua_host_function){ f->name, call, f };
	}
	lua_pop(L, 1);
	if (!vec_push(&in->arena, &list)) /* the end */
		luaL_error(L, "out of memory");
	return list.items;
}
