/* `require`: modules of the project. */
#ifndef LUA_LIBRARY_REQUIRE_H
#define LUA_LIBRARY_REQUIRE_H

#include "lua/lua54.h"

/* require(name): what the module returned, once a call.  Raises: not a module's name, no such module, what is wrong in it, a circle. */
int library_require(lua_State *L);

#endif
