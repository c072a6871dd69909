/*
 * What Lua needs from above: one struct of functions.  The runner fills it in from the run, `pipe lua test` from a fixture, an embedding
 * program with its own functions beside them.  All are called during lua_call_step, on the thread that calls it, and may block for a
 * query or a small file but never for the network or another process: what waits is a lua_wait (call.h).
 */
#ifndef LUA_HOST_H
#define LUA_HOST_H

#include "base/arena.h"
#include "base/str.h"
#include "lua/rows.h"
#include "stages/view.h"
#include <jansson.h>

/* A function of the embedding program: `host.NAME(...)` in Lua.  arguments: a JSON array, borrowed.  *result: a new reference, or NULL
 * for nil.  An error becomes a Lua error with err's text. */
struct lua_host_function {
	const char *name;
	int (*call)(void *payload, const json_t *arguments, json_t **result, pipe_error *err);
	void *payload;
};

/* Of an evidence side; `ctx.baseline` is the baseline's. */
struct lua_host {
	/* Milliseconds since 1970. */
	int64_t (*now_ms)(void *payload);

	/* ---- files of the workspace; path: relative, or absolute where the grants allow it.  NULL members: there is no workspace ---- */
	/* Appends at most `limit` bytes; more is PIPE_ELIMIT. */
	int (*read)(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err);
	/* Paths below the workspace, sorted, at most `limit`. */
	int (*glob)(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *path), void *each_payload,
		    pipe_error *err);

	/* ---- evidence and history.  NULL: there is none (then ctx.evidence is empty) ---- */
	int (*totals)(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err);
	/* Of another run as a whole; NULL: what its rows add up to, and a report without rows is not known of. */
	int (*totals_of)(void *payload, int64_t run, struct evidence_totals *out, pipe_error *err);
	/* The sum over all labels; *found false: no such metric. */
	int (*metric)(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err);
	/* Which run it is compared with: 0 with *why filled (until the next call) where there is none. */
	int (*baseline)(void *payload, int64_t *run, const char **branch, const char **why, pipe_error *err);
	/* Rows one after the other (rows.h).  next: 1 with *row (until the next call on the cursor), 0 at the end, a negative pipe_code. */
	int (*rows_open)(void *payload, const struct lua_query *query, void **cursor, pipe_error *err);
	int (*rows_next)(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err);
	void (*rows_close)(void *payload, void *cursor);

	/* ---- what a script says; NULL: it is not kept ---- */
	int (*put_metric)(void *payload, const struct evidence_metric *m, pipe_error *err);
	int (*put_finding)(void *payload, const struct evidence_finding *f, pipe_error *err);
	/* A link or a note of the job (pipe.annotate). */
	int (*annotate)(void *payload, const char *label, const char *text, const char *url, pipe_error *err);

	const struct lua_host_function *functions; /* of the embedding program; ended by one without a name; or NULL */
	void *payload;
};

#endif
