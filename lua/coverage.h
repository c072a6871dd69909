/*
 * Which lines of scripts were executed.  An engine with options.coverage notes each piece of Lua that it compiles (what lines it has) and
 * each line that is reached.  One thread at a time.
 */
#ifndef LUA_COVERAGE_H
#define LUA_COVERAGE_H

#include "base/str.h"
#include "lua/lua54.h"
#include <stdbool.h>

struct lua_coverage;
struct lua_engine;

int lua_coverage_create(struct lua_coverage **out, pipe_error *err);
void lua_coverage_free(struct lua_coverage *c);
/* Of an engine (engine.c); NULL: it notes none. */
struct lua_coverage *lua_engine_coverage(const struct lua_engine *engine);

/* The engine has compiled something: the function on the top of L, whose chunk name is "@" and the name of its source.  Its lines and those
 * of all functions in it can be reached from now on. */
void lua_coverage_compiled(struct lua_coverage *c, lua_State *L);
/* From the state's hook, with ar->event LUA_HOOKLINE. */
void lua_coverage_line(struct lua_coverage *c, lua_State *L, lua_Debug *ar);

struct lua_covered_file {
	const char *name; /* of the source, without the "@" */
	uint32_t lines, hit;
	const uint64_t *hits;	/* of line i + 1, for i < count */
	const bool *executable; /* likewise */
	uint32_t count;
};
/* By name.  each: 0 to go on.  PIPE_ENOMEM where memory ran out on the way. */
int lua_coverage_each(const struct lua_coverage *c, int (*each)(void *payload, const struct lua_covered_file *file),
		      void *payload, pipe_error *err);

#endif
