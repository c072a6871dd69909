/* C's own memory for the length of a function: in a userdata, so that an error that jumps over the function leaves nothing behind. */
#include "lua/api/inside.h"

static const char scratch_key;

void api_scratch_clear(struct api_scratch *s)
{
	json_decref(s->json);
	s->json = NULL;
	str_clear(&s->text);
	arena_clear(&s->arena);
}

static int collect(lua_State *L)
{
	api_scratch_clear(lua_touserdata(L, 1));
	return 0;
}

struct api_scratch *api_scratch(lua_State *L)
{
	struct api_scratch *s = lua_newuserdatauv(L, sizeof(*s), 0);

	*s = (struct api_scratch){ .arena = ARENA_INIT };
	str_init(&s->text);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &scratch_key) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_createtable(L, 0, 2);
		lua_pushcfunction(L, collect);
		lua_setfield(L, -2, "__gc");
		lua_pushboolean(L, 0);
		lua_setfield(L, -2, "__metatable");
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &scratch_key);
	}
	lua_setmetatable(L, -2);
	return s;
}
