/* Functions of Lua's own libraries whose work is bounded by what they are given or what they return: kept, and charged for. */
#ifndef LUA_LIBRARY_CHARGE_H
#define LUA_LIBRARY_CHARGE_H

#include "lua/lua54.h"

/* Values that a function returns at once: a stack that grows by more would escape the eye of the allocator (budget.c). */
enum { RESULTS_MOST = 5000 };

struct charged_function {
	const char *name;
	lua_CFunction around; /* calls upvalue 1, Lua's own */
};

/* In the table on the top, functions of Lua (C functions without upvalues) are each replaced by one around them.  The list ends with one
 * without a name. */
void charge_functions(lua_State *L, const struct charged_function *functions);
/* The number of the arguments and the bytes of all texts among them. */
uint64_t charge_sum(lua_State *L, int first, int last);
/* Raises where a piece of the text at 1, from the position at 2 (1) to that at 3 (that at 2), is longer than RESULTS_MOST. */
void charge_check_slice(lua_State *L);
/* Around functions: each calls upvalue 1 in its own frame, so that messages name the caller.  Charged are the number and the bytes of
 * arguments and results; or of the results alone, where a function looks at no more of a long text than it returns. */
int charge_arguments(lua_State *L);
int charge_results(lua_State *L);

#endif
