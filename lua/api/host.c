/* `host`: the functions of the embedding program, as it has registered them for the call's project. */
#include "base/suggest.h"
#include "lua/api/inside.h"

#include <string.h>

static const char host_key;

static const struct lua_host_function *functions_of(lua_State *L)
{
	const struct lua_host *host = guest_of(L)->call->options.host;

	return host ? host->functions : NULL;
}

/* The arguments as a JSON array, in s. */
static void take_arguments(lua_State *L, int count, const char *name, struct api_scratch *s)
{
	const char *why;
	json_t *one;

	s->json = json_array();
	if (!s->json)
		api_no_memory(L);
	for (int i = 1; i <= count; i++) {
		one = value_to_json(L, i, &why);
		if (!one && value_no_memory(why))
			api_no_memory(L);
		if (!one)
			luaL_error(L, "host.%s: argument %d cannot be handed over: %s", name, i, why);
		if (json_array_append_new(s->json, one))
			api_no_memory(L);
	}
}

static int call(lua_State *L)
{
	const struct lua_host_function *f = lua_touserdata(L, lua_upvalueindex(1));
	int count = lua_gettop(L), rc;
	struct api_scratch *s;
	json_t *result = NULL;
	pipe_error err = { 0 };

	luaL_checkstack(L, 20, "host");
	budget_in_earnest(L);
	s = api_scratch(L);
	take_arguments(L, count, f->name, s);
	rc = f->call(f->payload, s->json, &result, &err);
	json_decref(s->json);
	s->json = result;
	if (budget_look(guest_of(L)) != BREACH_NONE)
		budget_check(L);
	if (rc)
		return luaL_error(L, "host.%s: %s", f->name, *err.text ? err.text : "it failed");
	value_push_json(L, s->json);
	api_scratch_clear(s);
	return 1;
}

static int no_function(lua_State *L)
{
	struct suggest s;

	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "host has no such function");
	suggest_init(&s, lua_tostring(L, 2));
	for (const struct lua_host_function *f = functions_of(L); f && f->name; f++)
		suggest_offer(&s, f->name);
	if (s.best)
		return luaL_error(L, "host has no function \"%s\"; did you mean \"%s\"?", s.wanted, s.best);
	return luaL_error(L, "host has no function \"%s\"", s.wanted);
}

static int find_function(lua_State *L)
{
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";

	for (const struct lua_host_function *f = functions_of(L); f && f->name; f++) {
		if (strcmp(f->name, name) != 0)
			continue;
		lua_pushlightuserdata(L, (void *)(uintptr_t)f);
		lua_pushcclosure(L, call, 1);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -2);
		lua_rawset(L, 1);
		return 1;
	}
	return no_function(L);
}

static int read_only(lua_State *L)
{
	return luaL_error(L, "host is read-only");
}

void api_push_host(lua_State *L)
{
	lua_createtable(L, 0, 0);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_createtable(L, 0, 3);
		lua_pushcfunction(L, find_function);
		lua_setfield(L, -2, "__index");
		lua_pushcfunction(L, read_only);
		lua_setfield(L, -2, "__newindex");
		lua_pushboolean(L, 0);
		lua_setfield(L, -2, "__metatable");
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
	}
	lua_setmetatable(L, -2);
}
