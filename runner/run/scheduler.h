/*
 * The scheduler of one pipeline: which jobs may start, which never will, and in which order.  Pure bookkeeping over a plan: no
 * process, no clock, no store; whoever drives it says when a job has ended and asks what follows.
 *
 * A job without `needs` waits until every job of the earlier stages has ended: that is counted by stage, so that two stages of
 * 5,000 jobs cost 10,000 steps and not 25 million edges.  What is ready is ordered by the longest remaining path.
 */
#ifndef RUNNER_SCHEDULER_H
#define RUNNER_SCHEDULER_H

#include "pipe.h"
#include "pipeline/plan/plan.h"
#include <stdbool.h>

struct scheduler;

/* What becomes of a job once all that it waits for has ended. */
enum verdict {
	VERDICT_RUN,	/* it is ready (scheduler_next hands it out) */
	VERDICT_DELAY,	/* ready after its start_in: call scheduler_ready then */
	VERDICT_MANUAL, /* waits for somebody: call scheduler_ready when it is played */
	VERDICT_SKIP	/* it will not run; the caller calls scheduler_ended with SKIPPED */
};

/* The expected duration of a job that has ended in an earlier run and is not run again. */
#define SCHEDULER_PAST (-2)

/* expected[i]: expected duration of plan->jobs[i] in ms, -1: unknown.  file_order: no priorities, the order of the file.
 * The plan must outlive the scheduler. */
int scheduler_create(struct scheduler **out, const struct plan *plan, const int64_t *expected, bool file_order, pipe_error *err);
void scheduler_free(struct scheduler *s);

/* The next job about which something has been decided; false: nothing for now.  *because: the job that is the reason for
 * VERDICT_SKIP (UINT32_MAX: none). */
bool scheduler_decided(struct scheduler *s, uint32_t *job, enum verdict *verdict, uint32_t *because);
/* A delayed or manual job may start now. */
void scheduler_ready(struct scheduler *s, uint32_t job);
/* The ready job that should start first, removed from the queue; false: none is ready. */
bool scheduler_next(struct scheduler *s, uint32_t *job);
/* Puts back what scheduler_next gave out. */
void scheduler_put_back(struct scheduler *s, uint32_t job);
size_t scheduler_ready_count(const struct scheduler *s);
/* A job has ended: SUCCESS, WARNING, FAILED, SKIPPED, CANCELLED. */
void scheduler_ended(struct scheduler *s, uint32_t job, enum pipe_status status);

/* A manual job that others wait for and that nobody has started; UINT32_MAX: none. */
uint32_t scheduler_blocked_by(struct scheduler *s, uint32_t job);
/* Expected duration of the whole pipeline with so many jobs at a time; -1: nothing is known. */
int64_t scheduler_estimate(const struct scheduler *s, unsigned parallel);

#endif
