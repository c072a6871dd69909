/*
 * The Lua engine of a project: states that calls borrow, with what they have compiled.  A state serves one call at a time and is reset in
 * between: each call sees globals of its own, and the library's tables cannot be written to.  What a call leaves is garbage for the next.
 */
#ifndef LUA_ENGINE_H
#define LUA_ENGINE_H

#include "base/arena.h"
#include "base/mark.h"
#include "lua/limits.h"
#include "pipe.h"
#include <stdbool.h>

struct lua_engine;

/* A piece of Lua.  Its address is what compiled code is found by again: it outlives the engine, or lua_engine_forget is called. */
struct lua_source {
	/* What places are named by: the path of the Lua file, relative to the project; or of the YAML file that it stands in. */
	const char *name;
	const char *text;
	size_t length;
	uint32_t line;	 /* lines of that file that stand before it: the text's first line is line + 1 */
	bool expression; /* `return ` is put in front (a rule's condition) where it compiles so */
};

/* A module for `require`.  false: there is none (err empty), or it cannot be read (err says why). */
struct lua_modules {
	/* name: "gates.licence", checked: letters, digits, `_`, `-`, dots between.  from: the name of the source that asks.  Looks for
	 * NAME.lua and NAME/init.lua in the project's .pipe/lua/ and beside `from`, never outside of the project.  *name_out as in
	 * lua_source; all in a. */
	bool (*find)(void *payload, const char *name, const char *from, struct arena *a, struct lua_source *out, pipe_error *err);
	void *payload;
};

struct lua_engine_options {
	struct lua_modules modules; /* find NULL: no modules */
	uint32_t idle_most;	    /* states kept for the next call; 0: 16 */
	bool coverage;		    /* lines that are executed are noted (coverage.h) */
	/* For tests of what happens when memory runs out: asked at each allocation that Lua makes; true: there is none.  NULL: never. */
	bool (*starve)(void *payload);
	void *starve_payload;
};

/* Loads liblua.  PIPE_EUNSUPPORTED: it is not installed, and how to get it. */
int lua_engine_create(struct lua_engine **out, const struct lua_engine_options *options, pipe_error *err);
/* No call may be left. */
void lua_engine_free(struct lua_engine *engine);
/* Sources that were used are about to be gone: drops all that is compiled.  Calls under way are not touched. */
void lua_engine_forget(struct lua_engine *engine);
const struct lua_modules *lua_engine_modules(const struct lua_engine *engine);
bool lua_engine_starves(const struct lua_engine *engine);
/* Any thread: is it Lua at all?  PIPE_EPIPELINE with file and line in err. */
int lua_engine_check(struct lua_engine *engine, const struct lua_source *source, pipe_error *err);

#endif
