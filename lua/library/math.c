/* The library `math` (https://www.lua.org/manual/5.4/manual.html#6.7): Lua's own; each of its functions is done at once. */
#include "lua/guest.h"
#include "lua/library/random.h"

#include <sys/random.h>

static const char seed_function[] = "pipe.math.randomseed"; /* in the registry */

void library_math(lua_State *L)
{
	lua_pushcfunction(L, lua54_of(L)->luaopen_math);
	lua_call(L, 0, 1);
	lua_getfield(L, -1, "randomseed");
	lua_setfield(L, LUA_REGISTRYINDEX, seed_function);
}

void library_random_reset(lua_State *L)
{
	lua_Integer seed[2];
	int count = getrandom(seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed) ? 2 : 0; /* without: Lua's own choice */

	if (lua_getfield(L, LUA_REGISTRYINDEX, seed_function) != LUA_TFUNCTION) {
		lua_pop(L, 1);
		return;
	}
	for (int i = 0; i < count; i++)
		lua_pushinteger(L, seed[i]);
	lua_call(L, count, 0);
}
