/*
 * A stage type that a team writes: `uses: ./stages/my_scan.lua`.  The file returns a table:
 *
 *   { help = "...", parameters = { files = { type = "list", help = "...", required = true } },
 *     tools = { { name = "shellcheck", package = "shellcheck" } },
 *     compile = function(ctx) return { steps = { { run = { "shellcheck", ... } } }, reports = { ... }, outputs = { ... } } end,
 *     evaluate = function(ctx) return { verdict = "fail", reason = "..." } end }
 *
 * From it comes a struct stage_type as any of ours is one: checked by the same tables, run by the same runner.
 */
#ifndef LUA_STAGE_H
#define LUA_STAGE_H

#include "lua/call.h"
#include "pipeline/document/diagnostic.h"
#include "stages/stage.h"

/* What calls of the type's functions need; outlives the type. */
struct lua_stage_world {
	struct lua_engine *engine;
	const struct lua_grants *grants;
	const struct lua_limits *limits;
	const struct lua_host *host; /* at plan time: without evidence */
};

/* Runs the file once for its table, in the arena; the type's parameters become keyword rows.  NULL: wrong, and reported at `at` with
 * the place in the Lua file. */
const struct stage_type *lua_stage_load(const struct lua_source *source, const struct lua_stage_world *world, struct mark at,
					struct arena *a, struct diagnostics *d);

/* ctx.with of a job of a type that was loaded so: what the job gives, and the defaults of what it does not; in a.  NULL: no memory. */
struct node *lua_stage_with(const struct stage_type *type, const struct node *given, struct mark at, struct arena *a);

#endif
