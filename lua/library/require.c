/*
 * `require`: a name goes to the engine's finder, which knows the project.  A call runs each module once.  Its table of modules holds by path
 * what each returned, or a mark while it is being loaded; the paths that are being loaded, one needing the next, at 1..n; and the path by
 * name and source that asked.
 */
#include "lua/library/require.h"

#include "lua/coverage.h"
#include "lua/guest.h"

#include <ctype.h>
#include <string.h>

enum { NAME_BYTES = 200, CHAIN_MOST = 64 };

static const char loading_mark;

/* Letters, digits, `_` and `-`, with single dots between. */
static bool is_name(const char *name, size_t length)
{
	bool part = false;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c == '.' && !part)
			return false;
		part = c != '.';
		if (part && !isalnum(c) && c != '_' && c != '-')
			return false;
	}
	return part && length <= NAME_BYTES;
}

/* The source that asks: only names that the engine gave are believed (a script may call its load()ed text what it likes). */
static const char *asking(lua_State *L, const struct lua_call *call)
{
	lua_Debug ar;

	if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "S", &ar) && *ar.source == '@')
		for (uint32_t i = 0; i < call->names.count; i++)
			if (!strcmp(call->names.items[i], ar.source + 1))
				return call->names.items[i];
	return call->options.source->name;
}

static int not_a_name(lua_State *L, const char *name)
{
	return luaL_error(
		L,
		"require: \"%s\" is not the name of a module: letters, digits, \"_\" and \"-\", with dots between (\"gates.licence\" is "
		".pipe/lua/gates/licence.lua)",
		name);
}

/* The sources being loaded, at [1..n] of the modules at `modules`, from the one at `path` on. */
static int circle(lua_State *L, int modules, const char *path)
{
	luaL_Buffer text;
	lua_Integer n = (lua_Integer)lua_rawlen(L, modules);
	bool inside = false;

	luaL_buffinit(L, &text);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, modules, i);
		inside = inside || !strcmp(lua_tostring(L, -1), path);
		if (inside) {
			luaL_addvalue(&text);
			luaL_addstring(&text, " -> ");
		} else {
			lua_pop(L, 1);
		}
	}
	luaL_addstring(&text, path);
	luaL_pushresult(&text);
	return luaL_error(L, "require: modules need each other in a circle: %s", lua_tostring(L, -1));
}

/* __close of what stands in require's frame: the module is no longer being loaded, however that ended. */
static int leave(lua_State *L)
{
	wall_modules(L);
	lua_pushnil(L);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2));
	lua_getiuservalue(L, 1, 1);
	lua_pushvalue(L, -1);
	lua_rawget(L, -3);
	if (lua_touserdata(L, -1) == &loading_mark) {
		lua_pop(L, 1);
		lua_pushnil(L);
		lua_rawset(L, -3);
	}
	return 0;
}

static void enter(lua_State *L, int modules, const char *path)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, modules);

	if (n >= CHAIN_MOST)
		luaL_error(L, "require: more than %d modules in a chain", CHAIN_MOST);
	lua_newuserdatauv(L, 0, 1);
	lua_pushstring(L, path);
	lua_setiuservalue(L, -2, 1);
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, leave);
	lua_setfield(L, -2, "__close");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pushstring(L, path);
	lua_pushlightuserdata(L, (void *)(uintptr_t)&loading_mark);
	lua_rawset(L, modules);
	lua_pushstring(L, path);
	lua_rawseti(L, modules, n + 1);
	lua_toclose(L, -1);
}

/* Stack: name, modules, path, to be closed, result. */
static int finish(lua_State *L, int status, lua_KContext context)
{
	(void)status;
	(void)context;
	if (lua_isnil(L, 5)) {
		lua_pushboolean(L, 1);
		lua_replace(L, 5);
	}
	lua_pushvalue(L, 3);
	lua_pushvalue(L, 5);
	lua_rawset(L, 2);
	lua_pushvalue(L, 5);
	lua_pushvalue(L, 3);
	return 2;
}

/* In the call's arena; its name is on the top. */
static struct lua_source *find(lua_State *L, const char *name, const char *from)
{
	struct lua_guest *g = guest_of(L);
	struct lua_call *call = g->call;
	const struct lua_modules *modules = lua_engine_modules(g->engine);
	struct lua_source *source = ARENA_NEW(&call->arena, struct lua_source);
	const char **known = vec_push(&call->arena, &call->names);
	pipe_error err = { 0 };

	budget_in_earnest(L);
	if (!source || !known) {
		g->budget.starved = true;
		budget_starve(L);
	}
	*known = call->options.source->name;
	if (!modules->find || !modules->find(modules->payload, name, from, &call->arena, source, &err)) {
		if (err.code)
			luaL_error(L, "require \"%s\": %s", name, err.text);
		luaL_error(L, "require: there is no module \"%s\" in .pipe/lua/, nor beside %s", name, from);
	}
	*known = source->name;
	lua_pushstring(L, source->name);
	return source;
}

/* Runs the module at 3, a path.  Stack: name, modules, path. */
static int run(lua_State *L, const struct lua_source *source)
{
	enter(L, 2, source->name);
	lua_pushfstring(L, "@%s", source->name);
	switch (guest_load(L, source, lua_tostring(L, -1))) {
	case LUA_OK:
		break;
	case LUA_ERRMEM:
		return budget_starve(L);
	default:
		budget_check(L);
		return lua_error(L);
	}
	if (lua_engine_coverage(guest_of(L)->engine))
		lua_coverage_compiled(lua_engine_coverage(guest_of(L)->engine), L);
	lua_remove(L, 5);
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 3);
	lua_callk(L, 2, 1, 0, finish);
	return finish(L, LUA_OK, 0);
}

/* The module at 3, a path: pushed, if it is here.  Raises where it is still being loaded. */
static bool loaded(lua_State *L)
{
	lua_pushvalue(L, 3);
	if (lua_rawget(L, 2) == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	if (lua_touserdata(L, -1) == &loading_mark)
		circle(L, 2, lua_tostring(L, 3));
	lua_pushvalue(L, 3);
	return true;
}

int library_require(lua_State *L)
{
	size_t length;
	const char *name = luaL_checklstring(L, 1, &length), *from;
	const struct lua_source *source;

	if (!is_name(name, length))
		return not_a_name(L, name);
	lua_settop(L, 1);
	wall_modules(L);
	from = asking(L, guest_of(L)->call);
	lua_pushfstring(L, "%s\n%s", name, from);
	if (lua_rawget(L, 2) == LUA_TSTRING && loaded(L))
		return 2;
	lua_settop(L, 2);
	source = find(L, name, from);
	if (loaded(L))
		return 2;
	lua_pushfstring(L, "%s\n%s", name, from);
	lua_pushvalue(L, 3);
	lua_rawset(L, 2);
	return run(L, source);
}
