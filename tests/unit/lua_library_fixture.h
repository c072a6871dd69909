/* Two states without an engine's call: one with Lua's own libraries, one with ours. */
#ifndef TESTS_UNIT_LUA_LIBRARY_FIXTURE_H
#define TESTS_UNIT_LUA_LIBRARY_FIXTURE_H

#include "lua/guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
	struct lua_guest guest;
	struct lua54 lua;
	void *handle;
	lua_State *L;
};

static const struct lua_limits ample = { .cpu_ms = 60000, .wall_ms = 60000, .memory_bytes = 64u << 20 };

static inline void open_library(lua_State *L, const char *name, lua_CFunction theirs, void (*ours)(lua_State *))
{
	if (ours) {
		ours(L);
	} else {
		lua_pushcfunction(L, theirs);
		lua_call(L, 0, 1);
	}
	lua_setglobal(L, name);
}

static inline int open_libraries(lua_State *L)
{
	const struct lua54 *lua = lua54_of(L);
	bool ours = lua_toboolean(L, 1);

	lua_pushcfunction(L, lua->luaopen_base);
	lua_call(L, 0, 0);
	open_library(L, "coroutine", lua->luaopen_coroutine, NULL);
	open_library(L, "string", lua->luaopen_string, ours ? library_string : NULL);
	open_library(L, "table", lua->luaopen_table, ours ? library_table : NULL);
	open_library(L, "utf8", lua->luaopen_utf8, ours ? library_utf8 : NULL);
	open_library(L, "math", lua->luaopen_math, ours ? library_math : NULL);
	return 0;
}

static inline void budget_anew(struct state *s, const struct lua_limits *limits)
{
	budget_begin(&s->guest, limits);
	budget_enter(&s->guest);
}

/* Ends the test where it fails. */
static inline void state_open(struct state *s, bool ours)
{
	static const struct lua_engine_options options = { .idle_most = 1 };
	lua_State *L = NULL;

	memset(s, 0, sizeof(*s));
	if (!lua_engine_create(&s->guest.engine, &options, NULL) && !lua54_open(&s->handle, &s->lua, NULL)) {
		s->guest.lua = &s->lua;
		budget_begin(&s->guest, &ample);
		L = s->L = s->guest.L = s->lua.lua_newstate(budget_alloc, &s->guest);
	}
	if (L) {
		*(struct lua_guest **)lua_getextraspace(L) = &s->guest;
		lua_pushcfunction(L, open_libraries);
		lua_pushboolean(L, ours);
	}
	if (!L || lua_pcall(L, 1, 0, 0) != LUA_OK) {
		fputs("no state of Lua\n", stderr);
		abort();
	}
	budget_anew(s, &ample);
}

static inline void state_close(struct state *s)
{
	lua_State *L = s->L;

	budget_leave(&s->guest);
	lua_close(L);
	lazy_close(s->handle);
	lua_engine_free(s->guest.engine);
}

#endif
