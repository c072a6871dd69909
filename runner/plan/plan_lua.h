/*
 * Lua as a plan has it: one engine, made when the pipeline file first needs it, with the project's modules, grants and limits.  The
 * functions of struct world that are about Lua are here.
 */
#ifndef RUNNER_PLAN_LUA_H
#define RUNNER_PLAN_LUA_H

#include "lua/call.h"
#include "lua/stage/stage.h"
#include "pipeline/decode/decode.h"
#include "pipeline/model.h"

struct pipe_plan;
struct plan_lua; /* in struct pipe_plan: `lua`; NULL until it is needed */

/* Fills plan->world_lua: the functions by which reading and planning come to Lua. */
void plan_lua_world(struct pipe_plan *plan);
/* What a pipeline file may ask for. */
struct lua_bounds plan_lua_most(const struct pipe_plan *plan);

/* Never NULL after PIPE_OK; the same each time; on the thread that loads, before the run. */
int plan_lua_get(struct pipe_plan *plan, struct plan_lua **out, pipe_error *err);
void plan_lua_free(struct plan_lua *lua);

struct lua_engine *plan_lua_engine(struct plan_lua *lua);
/* As the file says, and within the operator's bounds; from the decoded pipeline on. */
const struct lua_grants *plan_lua_grants(const struct plan_lua *lua);
const struct lua_limits *plan_lua_limits(const struct plan_lua *lua);
/* The code as the engine wants it; the same address each time for one lua_text. */
const struct lua_source *plan_lua_source(struct plan_lua *lua, const struct lua_text *code, pipe_error *err);

#endif
