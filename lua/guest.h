/*
 * A Lua state and what stands behind it: the insides of lua/, for its rooms alone.  guest_of(L) gets from any C function that Lua calls to
 * the call under way and its budget.
 *
 * C functions that Lua calls hold nothing that must be given back when an error jumps over them: memory comes from userdata, from
 * luaL_Buffer, or from the call's arena; cursors are userdata with a __gc of ours, and the call closes what is left.
 */
#ifndef LUA_GUEST_H
#define LUA_GUEST_H

#include "base/arena.h"
#include "lua/call.h"
#include "lua/lua54.h"
#include <stdatomic.h>

/* What a call has left; budget.c. */
enum lua_breach {
	BREACH_NONE,
	BREACH_CPU,
	BREACH_WALL,
	BREACH_MEMORY,
	BREACH_OUTPUT,
	BREACH_DEPTH,
	BREACH_WAITS,
	BREACH_CANCELLED
};

struct lua_budget {
	struct lua_limits limits; /* filled in */
	uint64_t memory, memory_peak;
	uint64_t steps;	    /* charged since the clock was last looked at */
	int64_t cpu_us;	    /* of steps before this one */
	int64_t cpu_from;   /* thread's processor time when this step began */
	int64_t wall_until; /* CLOCK_MONOTONIC, us */
	uint64_t output;
	uint32_t waits;
	enum lua_breach breach; /* once set, every instruction and every C function of ours raises: nobody can catch it */
	atomic_bool cancelled;
};

struct lua_guest {
	const struct lua54 *lua; /* first: lua54_of */
	struct lua_engine *engine;
	lua_State *L;	       /* the main thread */
	struct lua_call *call; /* under way; NULL: idle */
	struct lua_budget budget;
	struct lua_guest *next; /* idle ones */
};

static inline struct lua_guest *guest_of(lua_State *L)
{
	return *(struct lua_guest **)lua_getextraspace(L);
}

struct lua_call {
	struct lua_call_options options;
	struct lua_guest *guest;
	lua_State *thread;  /* the coroutine that the call runs in */
	struct arena arena; /* for C functions: until the call is freed */
	struct str said;
	struct lua_wait wait;
	const struct lua_answer *answer; /* while it is handed in */
	struct lua_outcome outcome;
	int stage; /* call.c's */
};

/* ---- budget.c ---- */
/* lua_Alloc with the guest as ud. */
void *budget_alloc(void *ud, void *block, size_t old_size, size_t new_size);
void budget_begin(struct lua_guest *g, const struct lua_limits *limits); /* of a call */
void budget_enter(struct lua_guest *g, lua_State *thread);		 /* before a step: clocks, hook */
void budget_leave(struct lua_guest *g);					 /* after it */
/* A C function does `steps` units of work (a byte looked at, an element moved): raises when the budget is over.  Cheap. */
void budget_charge(lua_State *L, uint64_t steps);
/* Raises what is over, if something is: called by those who catch errors (pcall, coroutine.resume, xpcall). */
void budget_check(lua_State *L);
/* Ends the call with a breach. */
int budget_break(lua_State *L, enum lua_breach breach);
/* "it used more than 2 s of processor time; a project raises it with `lua: {limits: {cpu: 5s}}`" */
void budget_words(const struct lua_budget *budget, struct str *out);

/* ---- wall.c: the globals of a call ---- */
/* Builds the state's base once: the library's tables behind read-only doors. */
void wall_build(lua_State *L);
/* Pushes a fresh table of globals that falls back to the base. */
void wall_globals(lua_State *L);
/* Puts a read-only door (a proxy table) in front of the table on the top, in its place.  name: for the message ("string is read-only"). */
void wall_door(lua_State *L, const char *name);

/* Each pushes one library's table (or adds to the one on the top) without a door: library/ has one file each */
void library_base(lua_State *L); /* adds pcall, error, setmetatable, load, require... to the table on the top */
void library_coroutine(lua_State *L);
void library_string(lua_State *L);
void library_table(lua_State *L);
void library_utf8(lua_State *L);
void library_math(lua_State *L);
void library_os(lua_State *L); /* time, date, clock, difftime alone, by the host's clock */

/* ---- for those who wait ---- */
/* Ends a C function: `return guest_wait(L, continuation);` after filling *guest_of(L)->call.wait (its texts in the call's arena).  The
 * continuation is called with the stack as it was, and guest_of(L)->call->answer set.  Where the call must not or cannot wait (inside
 * table.sort, string.gsub, a metamethod), it raises, naming `what` ("pipe.http"). */
int guest_wait(lua_State *L, const char *what, lua_KFunction continuation, lua_KContext context);
/* What the yield of guest_wait carries, so that a script's own coroutines hand it on (library/coroutine.c). */
void *guest_wait_mark(void);

/* ---- errors: fault.c ---- */
/* Raises a refusal (LUA_REFUSED where nobody catches it): the message names the line to add. */
int guest_refuse(lua_State *L, enum lua_grant what, const char *wanted);
/* Raises err's text as a Lua error with the place of the script's call. */
int guest_raise(lua_State *L, const pipe_error *err);
/* pipe.fail: ends the call, LUA_FAILED; no pcall catches it. */
int guest_fail(lua_State *L, const char *reason);
/* Adds a line to what the call said; raises beyond the limit. */
void guest_say(lua_State *L, const char *prefix, const char *text, size_t length);

/* ---- values: value.c ---- */
/* JSON -> Lua, on the top.  null is pipe.json.null inside of arrays and objects, nil at the top. */
void value_push_json(lua_State *L, const json_t *value);
/* Lua -> JSON: tables with keys 1..n are arrays, an empty one is an empty array unless pipe.json.object made it.  NULL with *why (a
 * sentence in the call's arena): a cycle, a function, a key that is no text, too deep (64), too large (memory limit).  Raises nothing
 * but what lua_next can: it is to be called in a protected call. */
json_t *value_to_json(lua_State *L, int index, const char **why);
/* A YAML node as a Lua value; texts expanded where scope is not NULL. */
void value_push_node(lua_State *L, const struct node *node, const struct scope *scope);

/* ---- api/: the global `pipe`, and `ctx` ---- */
void api_push_pipe(lua_State *L);    /* once a state; behind a door */
void api_push_context(lua_State *L); /* for the call under way; cheap: members appear when they are looked at */
void api_push_host(lua_State *L);    /* `host`: the embedding program's functions; for the call under way */

#endif
