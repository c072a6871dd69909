/*
 * A pipeline as Lua tables: what `pipeline.lua`, or `include: {lua: file}`, returns, as the nodes that YAML would have become.  Each node's
 * place is where its table constructor, key or text stands in the Lua file; what was computed has the place of the constructor
 * around it, a key that was computed that of the table it leads to.
 */
#ifndef LUA_PIPELINE_H
#define LUA_PIPELINE_H

#include "lua/call.h"
#include "pipeline/document/document.h"

struct lua_pipeline_options {
	struct lua_engine *engine;
	const struct lua_source *source;
	uint16_t file; /* index of the Lua file in the sources of d */
	const struct lua_context *context;
	const struct lua_host *host;
	const struct lua_grants *grants;
	const struct lua_limits *limits;
	const pipe_limits *pipeline_limits; /* depth, nodes */
};

/* Runs the file (it must not wait).  NULL: it failed, and that is in d with its place (codes lua-syntax, lua-error, lua-value). */
struct node *lua_pipeline_load(const struct lua_pipeline_options *options, struct arena *a, struct diagnostics *d);

#endif
