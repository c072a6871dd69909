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
	BREACH_CANCELLED,
	BREACH_AGAIN /* of a call that is only tried: it begins again elsewhere */
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
	int64_t look_at;	/* CLOCK_MONOTONIC, us: before that the processor time cannot be over */
	uint32_t depth;		/* coroutines being resumed or closed, one in the other */
	uint32_t unwaiting;	/* of those, how many stand below something that cannot wait */
	size_t made_last; /* bytes of the block that was made in the call of the allocator before, if it was one of no kind */
	bool starved;	  /* the system had no memory: that, and no limit, is what BREACH_MEMORY means then */
	int64_t try_us;	  /* processor time of a call that is only tried; 0: it is in earnest */
	atomic_bool cancelled;
};

struct lua_guest {
	const struct lua54 *lua; /* first: lua54_of */
	struct lua_engine *engine;
	lua_State *L;	       /* the main thread */
	struct lua_call *call; /* under way; NULL: idle */
	struct lua_budget budget;
	struct guest_code *codes; /* what is compiled in this state; engine.c */
	uint32_t code_count, code_capacity;
	uint32_t forgotten;	/* the engine's count when that was last looked at */
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
	int stage; /* call.c's, as are the next three */
	bool said_taken;
	struct lua_answer answered; /* what `answer` points to, with texts of its own in: */
	char *answer_texts;
	VEC(const char *) names; /* of the sources that take part: places are told by them; fault.c */
	bool failed;		 /* pipe.fail was called: nobody catches that */
	const char *fail_reason;
	const char *refusal;	/* text of the last refusal, in the arena (without a place) */
	const char *broke_file; /* where the budget was over: the innermost function of Lua; or NULL */
	uint32_t broke_line;
	const char *broke_trace; /* or NULL */
	/* api/'s: cursors that are open, and who closes them when the call is freed (with its host still there); or NULL. */
	void *cursors;
	void (*close_cursors)(struct lua_call *call);
};

/* ---- budget.c ---- */
/* lua_Alloc with the guest as ud. */
void *budget_alloc(void *ud, void *block, size_t old_size, size_t new_size);
void budget_begin(struct lua_guest *g, const struct lua_limits *limits); /* of a call */
void budget_enter(struct lua_guest *g);					 /* before a step: clocks, hook */
/* The step under way is only a try, for so long; 0: it is not. */
void budget_try(struct lua_guest *g, int64_t us);
void budget_leave(struct lua_guest *g); /* after it */
/* A C function does `steps` units of work (a byte looked at, an element moved): raises when the budget is over.  Cheap. */
void budget_charge(lua_State *L, uint64_t steps);
/* Raises what is over, if something is: called by those who catch errors (pcall, coroutine.resume, xpcall). */
void budget_check(lua_State *L);
/* What a C function is about to do may last, or is seen by others: a call that is only tried ends here (lua_call_try).  To be called while
 * nothing is held. */
void budget_in_earnest(lua_State *L);
/* Ends the call with a breach. */
int budget_break(lua_State *L, enum lua_breach breach);
/* A piece of work that may take long without a charge (a row is fetched) was done: is the budget over?  Raises nothing. */
enum lua_breach budget_look(struct lua_guest *g);
/* What is left until the call's time is over; at least 1. */
int64_t budget_left_ms(const struct lua_guest *g);
/* Processor time that the call has used. */
int64_t budget_used_us(const struct lua_guest *g);
/* What was caught was LUA_ERRMEM: the call is over, and raises. */
int budget_starve(lua_State *L);
/* For those who call something that Lua itself does not count: false at the limit of depth (then nothing is entered). */
bool budget_deeper(struct lua_guest *g);
void budget_higher(struct lua_guest *g);
/* "it used more than 2 s of processor time; a project raises it with `lua: {limits: {cpu: 5s}}`" */
void budget_words(const struct lua_budget *budget, struct str *out);

/* ---- wall.c: the globals of a call ---- */
/* Builds the state's base once: the library's tables behind read-only doors. */
void wall_build(lua_State *L);
/* Pushes a fresh table of globals that falls back to the base. */
void wall_globals(lua_State *L);
/* Puts a read-only door (a proxy table) in front of the table on the top, in its place.  name: for the message ("string is read-only"). */
void wall_door(lua_State *L, const char *name);
/* Is the table at the index a door? */
bool wall_is_door(lua_State *L, int index);
/* What a call's `require` has brought: pushes its table. */
void wall_modules(lua_State *L);
/* Forgets globals and modules of the call that has ended. */
void wall_reset(lua_State *L);

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

/* ---- entering Lua: engine.c ---- */
/* Calls f with payload as its light userdata at index 1, on the main thread of the state, protected; f's results are dropped.  LUA_OK or
 * another status (of LUA_ERRMEM the budget is over then). */
int guest_protected(struct lua_guest *g, lua_CFunction f, void *payload);
/* Takes a state for a call and gives it back.  NULL: err says why. */
struct lua_guest *guest_borrow(struct lua_engine *engine, const struct lua_limits *limits, pipe_error *err);
void guest_return(struct lua_guest *g);
/* Compiles a source, on the call's budget, or finds it compiled: PIPE_OK, and guest_push_code pushes its function, with the call's globals.  instrumented: see
 * lua_call_options.places. */
int guest_compile(struct lua_guest *g, const struct lua_source *source, bool instrumented, pipe_error *err);
/* In a protected call, after guest_compile: the globals are on the top of the stack, and stay. */
void guest_push_code(lua_State *L, const struct lua_source *source, bool instrumented);
/* Compiles a piece of a script's own making or a module, protected by the caller: LUA_OK with the function on the top, otherwise a
 * message. */
int guest_load(lua_State *L, const struct lua_source *source, const char *chunk_name);

/* ---- errors: fault.c ---- */
/* How a call ended that was broken off, by its coroutine's error (on the coroutine's top; then raised is true), or by what the budget or
 * pipe.fail says.  Called on L, the main thread, protected. */
void fault_outcome(lua_State *L, struct lua_call *call, bool raised);
/* The same where not even that can be done: no memory for anything. */
void fault_outcome_bare(struct lua_call *call);
/* A fault that the caller found, without a place: "compile is not a function". */
void fault_broken(struct lua_call *call, const char *reason);
/* Once a state. */
void fault_build(lua_State *L);
/* Notes where the budget was over. */
void fault_note_breach(lua_State *L);
/* Takes the position off an error's text: *text is advanced, *file (in the arena of the call, or NULL) and *line say where. */
void fault_split(const struct lua_call *call, const char **text, const char **file, uint32_t *line);
void fault_split_named(const char *const *names, size_t count, const char **text, const char **file, uint32_t *line);
/* Values raised by error() and assert() are the script's own: LUA_FAILED.  Notes the value on the top. */
void fault_note_raised(lua_State *L);
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
/* Is it that there was no memory for it?  Then nothing is wrong with the value. */
bool value_no_memory(const char *why);
/* pipe.json.null, and is it that? */
void value_push_null(lua_State *L);
bool value_is_null(lua_State *L, int index);
/* Marks the table on the top as an object or an array, whatever is in it.  Raises where it has a metatable of the script's. */
void value_mark_object(lua_State *L);
void value_mark_array(lua_State *L);
/* Is the metatable on the top such a mark?  Scripts neither see nor keep it. */
bool value_is_mark(lua_State *L);
/* A YAML node as a Lua value; texts expanded where scope is not NULL. */
void value_push_node(lua_State *L, const struct node *node, const struct scope *scope);

/* ---- api/: the global `pipe`, and `ctx` ---- */
void api_push_pipe(lua_State *L);    /* once a state; behind a door */
void api_push_context(lua_State *L); /* for the call under way; cheap: members appear when they are looked at */
void api_push_host(lua_State *L);    /* `host`: the embedding program's functions; for the call under way */
/* The row at the index as a JSON object, and how many bytes it has; NULL: it is none, or there is no memory.  Raises nothing. */
json_t *api_row_json(lua_State *L, int index, size_t *bytes, bool *is_row);

#endif
