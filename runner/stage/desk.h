/*
 * The desk of a session: its connections to the evidence and to the history for reading, and a queue of steps that use them on worker
 * threads, one at a time.  So a job that reads a report of a million tests keeps one worker thread busy, and those behind it none.
 * Nothing is opened before somebody asks for it.
 */
#ifndef RUNNER_STAGE_DESK_H
#define RUNNER_STAGE_DESK_H

#include "runner/evidence/evidence.h"
#include "runner/executor/workers.h"
#include <uv.h>

struct desk_work {
	void (*work)(struct desk_work *w); /* on a worker thread; the desk is its */
	void (*then)(struct desk_work *w); /* on the loop's */
	struct desk_work *next;
};

struct stage_desk {
	const char *state_directory;
	uv_loop_t *loop;
	struct workers *workers;
	/* Handles that jobs open on the loop and that close after the jobs have ended: counted by their session. */
	void (*opened)(void *payload);
	void (*closed)(void *payload);
	void *payload;

	uv_work_t request;
	struct desk_work *first, **last;
	struct evidence_db *evidence; /* while it may be read: use desk_evidence */
	struct store *store;
	bool busy;
};

void desk_init(struct stage_desk *d);
/* Nothing may be queued any more. */
void desk_clear(struct stage_desk *d);
/* Does it when its turn has come. */
void desk_queue(struct stage_desk *d, struct desk_work *w);

/* ---- on the worker thread ---- */

/* *out NULL: there is no evidence, and it is not to be made. */
int desk_evidence(struct stage_desk *d, bool make, struct evidence_db **out, pipe_error *err);
int desk_store(struct stage_desk *d, struct store **out, pipe_error *err);

#endif
