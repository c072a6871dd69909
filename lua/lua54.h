/*
 * Lua 5.4, loaded when a pipeline first has Lua in it: linked, it would cost every start of the program.  Include this instead of
 * Lua's own headers: below them, each of their functions becomes a call through the table that the state's guest holds (state.h).
 * What a function is and does is said in https://www.lua.org/manual/5.4/.
 */
#ifndef LUA_LUA54_H
#define LUA_LUA54_H

#include "base/lazy.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>

/* clang-format off */
/* Functions whose first argument is the state. */
#define LUA54_OF_STATE(X) \
	X(lua_absindex) X(lua_arith) X(lua_atpanic) X(lua_callk) X(lua_checkstack) X(lua_close) X(lua_closeslot) \
	X(lua_compare) X(lua_concat) X(lua_copy) X(lua_createtable) X(lua_dump) X(lua_error) X(lua_gc) X(lua_getfield) \
	X(lua_gethook) X(lua_getglobal) X(lua_geti) X(lua_getinfo) X(lua_getiuservalue) X(lua_getlocal) \
	X(lua_getmetatable) X(lua_getstack) X(lua_gettable) X(lua_gettop) X(lua_getupvalue) X(lua_iscfunction) \
	X(lua_isinteger) X(lua_isnumber) X(lua_isstring) X(lua_isuserdata) X(lua_isyieldable) X(lua_len) X(lua_load) \
	X(lua_newthread) X(lua_newuserdatauv) X(lua_next) X(lua_pcallk) X(lua_pushboolean) X(lua_pushcclosure) \
	X(lua_pushfstring) X(lua_pushinteger) X(lua_pushlightuserdata) X(lua_pushlstring) X(lua_pushnil) X(lua_pushnumber) \
	X(lua_pushstring) X(lua_pushthread) X(lua_pushvalue) X(lua_pushvfstring) X(lua_rawequal) X(lua_rawget) \
	X(lua_rawgeti) X(lua_rawgetp) X(lua_rawlen) X(lua_rawset) X(lua_rawseti) X(lua_rawsetp) X(lua_resetthread) \
	X(lua_resume) X(lua_rotate) X(lua_setfield) X(lua_setglobal) X(lua_sethook) X(lua_seti) X(lua_setiuservalue) \
	X(lua_setmetatable) X(lua_settable) X(lua_settop) X(lua_setupvalue) X(lua_status) X(lua_stringtonumber) \
	X(lua_toboolean) X(lua_tocfunction) X(lua_toclose) X(lua_tointegerx) X(lua_tolstring) X(lua_tonumberx) \
	X(lua_topointer) X(lua_tothread) X(lua_touserdata) X(lua_type) X(lua_typename) X(lua_upvalueid) X(lua_xmove) \
	X(lua_yieldk) X(luaL_argerror) X(luaL_buffinit) X(luaL_buffinitsize) X(luaL_callmeta) X(luaL_checkany) \
	X(luaL_checkinteger) X(luaL_checklstring) X(luaL_checknumber) X(luaL_checkoption) X(luaL_checkstack) \
	X(luaL_checktype) X(luaL_checkudata) X(luaL_error) X(luaL_getmetafield) X(luaL_getsubtable) X(luaL_len) \
	X(luaL_loadbufferx) X(luaL_newmetatable) X(luaL_optinteger) X(luaL_optlstring) X(luaL_optnumber) X(luaL_ref) \
	X(luaL_requiref) X(luaL_setfuncs) X(luaL_setmetatable) X(luaL_testudata) X(luaL_tolstring) X(luaL_traceback) \
	X(luaL_typeerror) X(luaL_unref) X(luaL_where)
/* Whose first argument is a buffer. */
#define LUA54_OF_BUFFER(X) \
	X(luaL_addlstring) X(luaL_addstring) X(luaL_addvalue) X(luaL_prepbuffsize) X(luaL_pushresult) \
	X(luaL_pushresultsize)
/* Without a state, or handed to luaL_requiref. */
#define LUA54_OTHERS(X) \
	X(lua_newstate) X(luaopen_base) X(luaopen_coroutine) X(luaopen_math) X(luaopen_string) X(luaopen_table) \
	X(luaopen_utf8)
/* clang-format on */

struct lua54 {
	LUA54_OF_STATE(LAZY_POINTER)
	LUA54_OF_BUFFER(LAZY_POINTER)
	LUA54_OTHERS(LAZY_POINTER)
};

/* Loads the library.  PIPE_EUNSUPPORTED names what to install.  *handle: for lazy_close when no state is left. */
int lua54_open(void **handle, struct lua54 *out, pipe_error *err);

/* A state's extra space (lua_getextraspace) holds a pointer to its guest, whose first member is a pointer to the table. */
static inline const struct lua54 *lua54_of(lua_State *L)
{
	return **(const struct lua54 ***)lua_getextraspace(L);
}

/* lua54_calls.h is made of the lists above; see there. */
#include "lua/lua54_calls.h"

#endif
