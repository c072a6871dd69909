/*
 * Lua values for people: in failed assertions and at the prompt.  All functions are called by Lua C functions, may raise, and leave the
 * stack as it was; `out` belongs to somebody who clears it whatever happens (a guarded one, see test.c).
 */
#ifndef LUA_TEST_SHOW_H
#define LUA_TEST_SHOW_H

#include "base/str.h"
#include "lua/lua54.h"

/* As Lua would write it: "text", 1.5, { 1, name = "x" }; keys in order, tables in tables down to a bound, several lines where one would be
 * long. */
void show_value(lua_State *L, int index, struct str *out);
/* Are they the same, tables by what is in them?  Where not, lines "at .jobs[2].name: expected "a", got "b"" (at most 10). */
bool show_differences(lua_State *L, int expected, int got, struct str *out);

#endif
