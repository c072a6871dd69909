/*
 * What scripts see of the world while a pipeline is read and planned: the project's files, the history, and what has changed as
 * rules:changes has it.  Inside of plan_lua.c.
 */
#ifndef RUNNER_PLAN_LUA_HOST_H
#define RUNNER_PLAN_LUA_HOST_H

#include "runner/lua/host/host.h"

struct pipe_plan;
struct plan_lua_host;

int plan_lua_host_create(struct plan_lua_host **out, struct pipe_plan *plan, const struct lua_grants *grants, pipe_error *err);
void plan_lua_host_free(struct plan_lua_host *h);
/* For one call at a time. */
const struct lua_host *plan_lua_host(const struct plan_lua_host *h);
/* For any number of calls, on any threads: only files and the clock. */
const struct lua_host *plan_lua_host_files(const struct plan_lua_host *h);

#endif
