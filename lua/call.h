/*
 * One call of a script, from its beginning to its outcome:
 *
 *   lua_call_create -> lua_call_step -> (LUA_CALL_WAITS -> the wait is carried out -> lua_call_answer -> lua_call_step)... -> LUA_CALL_ENDED
 *
 * A step runs the script until it ends or waits for something; it may be made on any thread, one at a time.  Whoever drives the call (a loop
 * with its worker threads, a thread that blocks, a test with a table of answers) carries out the waits.  The wall holds whatever the
 * script does: limits.h.
 *
 * No Lua error leaves this room: all entries into Lua go through call.c.
 */
#ifndef LUA_CALL_H
#define LUA_CALL_H

#include "lua/context.h"
#include "lua/engine.h"
#include "lua/host.h"

struct lua_call;
struct lua_State;

struct lua_call_options {
	struct lua_engine *engine;
	const struct lua_source *source;
	/* NULL: the source itself is the body, with `ctx` as a global and as its argument.  Otherwise the source returns a table (its own
	 * step), and this member of it is called with ctx. */
	const char *member;
	const struct lua_context *context; /* all borrowed until lua_call_free */
	const struct lua_host *host;
	const struct lua_grants *grants;
	const struct lua_limits *limits; /* or NULL */
	const char *no_waits;		 /* why it must not wait: "a stage's compile() cannot wait"; NULL: it may */
	bool places;			 /* of a dynamic pipeline: tables remember where they were written (pipeline/) */
	/* Adds to the call's globals, the table on the top of L; called once, protected, before the script begins.  NULL: nothing is added */
	void (*globals)(struct lua_State *L, void *payload);
	void *globals_payload;
};

enum lua_progress { LUA_CALL_WAITS, LUA_CALL_ENDED, LUA_CALL_AGAIN };

enum lua_wait_kind { LUA_WAIT_HTTP, LUA_WAIT_EXEC, LUA_WAIT_SLEEP, LUA_WAIT_MAIL };

/* What a call waits for; borrowed until the answer.  Limits and grants have been looked at. */
struct lua_wait {
	enum lua_wait_kind kind;
	int64_t timeout_ms; /* never more than what is left of the call's time; SLEEP: how long */
	union {
		struct {
			const char *url, *method;
			const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
			const char *body;
			size_t body_length;
			bool insecure, follow; /* a redirect is followed only to where the grants reach: granted() is asked */
			size_t max_bytes;
		} http;
		struct {
			const char *const *argv; /* NULL-terminated */
			const char *const *env;	 /* "NAME=VALUE" on top of the job's; or NULL */
			const char *directory;	 /* in the workspace; NULL: itself */
			const char *input;	 /* its standard input; NULL: none */
			size_t input_length;
			size_t max_bytes; /* of output */
		} exec;
		struct {
			const char *url; /* smtp:// or smtps:// */
			const char *from;
			const char *const *to;
			const char *message; /* RFC 5322, with CRLF */
			size_t length;
			const char *user, *password; /* or NULL */
		} mail;
	};
};

/* How it came out.  Borrowed until lua_call_answer returns. */
struct lua_answer {
	int code; /* PIPE_OK, or why there is no answer: then error (a value for the script, not a Lua error) */
	pipe_error error;
	long status;	     /* HTTP */
	const char *headers; /* HTTP: "name: value" lines */
	const char *body;    /* HTTP; EXEC: output (stdout and stderr in one) */
	size_t length;
	int exit_code;	/* EXEC */
	bool truncated; /* output beyond max_bytes was dropped */
	double ms;
};

/* How a call ended. */
enum lua_end {
	LUA_DONE,     /* value */
	LUA_FAILED,   /* pipe.fail(reason), or error() of the script's making: reason */
	LUA_BROKEN,   /* a fault of the script: reason, traceback */
	LUA_OVER,     /* beyond a limit: reason names it and how it is raised */
	LUA_REFUSED,  /* something that was not granted, and nobody caught: reason with the line to add */
	LUA_CANCELLED /* lua_call_cancel */
};

struct lua_outcome {
	enum lua_end end;
	json_t *value;	       /* what was returned, first value; NULL: nothing or nil */
	json_t *second;	       /* and the second: `return false, "reason"`; or NULL */
	const char *unfit;     /* why what was returned is nothing that JSON knows ("a function"): then value is NULL; or NULL */
	const char *reason;    /* one sentence, without a place; NULL with DONE */
	const char *file;      /* where: NULL without */
	uint32_t line;	       /* 0: not known */
	const char *traceback; /* lines "file:line: in function 'f'"; or NULL */
	int64_t cpu_us;
	uint64_t memory_peak;
};

/* Borrows a state; compiles what is new. */
int lua_call_create(struct lua_call **out, const struct lua_call_options *options, pipe_error *err);
enum lua_progress lua_call_step(struct lua_call *call);
/* The first step, tried on a thread that has other things to do.  LUA_CALL_AGAIN: it took more than so many microseconds of processor time,
 * or was about to do what may last or is seen by others (a query, a file, a module, pipe.metric).  Nobody has seen anything of it yet: the
 * call is to be freed, and made again where it may last. */
enum lua_progress lua_call_try(struct lua_call *call, int64_t us);
/* After LUA_CALL_WAITS. */
const struct lua_wait *lua_call_wait(const struct lua_call *call);
void lua_call_answer(struct lua_call *call, const struct lua_answer *answer);
/* May a redirect lead there? */
bool lua_call_granted(const struct lua_call *call, const char *url);
/* From any thread: a step under way ends soon, with LUA_CANCELLED; one that waits is answered by the driver as it likes. */
void lua_call_cancel(struct lua_call *call);
/* Processor time of the steps until now, in microseconds. */
int64_t lua_call_cpu_us(const struct lua_call *call);
/* After LUA_CALL_ENDED; lives as long as the call. */
const struct lua_outcome *lua_call_outcome(const struct lua_call *call);
/* Lines that were said since the last time ("warning: " before those of pipe.warn), each with its newline; borrowed until the next step. */
const char *lua_call_said(struct lua_call *call, size_t *length);
/* Gives the state back.  Before the end too: then what it did is dropped.  NULL is fine. */
void lua_call_free(struct lua_call *call);

/* A call that must not wait, from its beginning to its end: 0 with *outcome (the caller's to free with lua_call_free(*call)). */
int lua_call_run(struct lua_call **call, const struct lua_call_options *options, const struct lua_outcome **outcome,
		 pipe_error *err);

/* The outcome as an error: file, line and sentence. */
int lua_outcome_error(const struct lua_outcome *outcome, pipe_error *err);

#endif
