/* What is left of a call in the library `math`. */
#ifndef LUA_LIBRARY_RANDOM_H
#define LUA_LIBRARY_RANDOM_H

#include "lua/lua54.h"

/* Seeds math.random anew, so that no call goes on with the numbers that another has chosen.  For the beginning of a call; may raise. */
void library_random_reset(lua_State *L);

#endif
