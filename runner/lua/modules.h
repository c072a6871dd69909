/* The modules of a project, for `require`. */
#ifndef RUNNER_LUA_MODULES_H
#define RUNNER_LUA_MODULES_H

#include "lua/engine.h"

/* lua_modules.find: NAME.lua and NAME/init.lua in `.pipe/lua`, then beside the file that asks; never outside of the project.  payload: an int
 * that outlives the engine, the open directory of the project. */
bool modules_find(void *payload, const char *name, const char *from, struct arena *a, struct lua_source *out, pipe_error *err);

#endif
