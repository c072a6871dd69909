/*
 * What a script that is started by hand stands in: an engine, the grants and limits of the pipeline file, a run of the past or none.
 */
#ifndef RUNNER_LUA_SCRIPT_H
#define RUNNER_LUA_SCRIPT_H

#include "lua/call.h"
#include "runner/lua/host/host.h"
#include "runner/lua/past.h"
#include "runner/lua/pipe_lua_files.h"
#include "runner/lua/wait/place.h"

struct lua_script {
	struct arena arena;
	struct lua_files files;
	struct lua_engine *engine;
	pipe_plan *plan; /* whose grants and limits hold; NULL: there is no pipeline file */
	struct lua_grants grants;
	struct lua_limits limits;
	struct past past; /* number 0: none */
	struct run_host *host;
	struct lua_context context;
	struct lua_place place;
};

/* To be closed even after a failure; *s is zeroed by it first. */
int lua_script_open(struct lua_script *s, pipe_project *project, const pipe_lua_script_options *o, const char *point,
		    pipe_error *err);
void lua_script_close(struct lua_script *s);

#endif
