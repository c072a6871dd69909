/*
 * Hooks: Lua at points in the life of a run and of its jobs.  At each point the pipeline's hooks come first, then the job's own, one after
 * the other in the order of the file.  Where a pipeline has none, nothing of this costs anything.
 *
 * Who calls and who is called back:
 *   hooks.c          the chain of calls of one point after the other; jobs and runs as callers
 *   hook_context.c   what a call sees: facts, variables, the run's host; where its commands run
 *   hook_verdict.c   what its end means: a failure, a warning, and what is said of it
 *   hook_notes.c     metrics and findings that it puts, into the job's evidence; annotations
 *   hook_events.c    on_event: a queue for each hook
 * All on the loop's thread, but for what a script calls of hook_notes.c and of the host.
 */
#ifndef RUNNER_RUN_HOOK_HOOKS_H
#define RUNNER_RUN_HOOK_HOOKS_H

#include "runner/run/active_job.h"

/* ---- of a run ---- */

/* Makes what the pipeline's hooks need, where it has any (p->hooks); before its first event. */
int hooks_open(struct pipeline_run *p, pipe_error *err);
/* Nothing is under way any more. */
void hooks_free(struct pipeline_run *p);

/* Calls before_run, if there is one: the pipeline is held (p->held) until it is over.  session_schedule follows. */
void hooks_before_run(struct pipeline_run *p);
/* after_run, then notify.  false: there are none, or they have been called; otherwise the pipeline is held until they are over. */
bool hooks_after_run(struct pipeline_run *p);
/* What runs may still be of use: after_run and notify go on unless `now`. */
void hooks_run_cancel(struct pipeline_run *p, bool now);
/* Why a hook makes the run fail; NULL: none does. */
const char *hooks_run_failure(const struct pipeline_run *p);
/* The same of before_run alone, which keeps the jobs from running. */
const char *hooks_run_refusal(const struct pipeline_run *p);

/* ---- of a job ---- */

/* Is there any hook for it? */
bool hooks_concern(const struct job_run *j);
/* gate, then before_job.  false: there are none, and `then` is not called. */
bool hooks_before_job(struct active_job *x, void (*then)(struct active_job *x));
/* on_failure where the job failed, then after_job, then notify; what they put is evidence when `then` is called.  x->outcome is the verdict,
 * and is changed by them.  false: there is nothing to do. */
bool hooks_after_job(struct active_job *x, void (*then)(struct active_job *x));
void hooks_job_cancel(struct active_job *x, bool now);
/* A gate, or before_job, keeps the job from running: why; NULL: none does. */
const char *hooks_refusal(const struct active_job *x);
/* A hook that was called after the verdict makes the job fail: why; or NULL. */
const char *hooks_job_failure(const struct active_job *x);
/* What the job's evidence adds up to with what its hooks put; NULL: they put nothing. */
const struct evidence_totals *hooks_totals(const struct active_job *x);
void hooks_job_free(struct active_job *x);

/* ---- on_event ---- */

/* Does a hook listen to the events of p? */
bool hooks_listen(const struct pipeline_run *p, enum pipe_event_kind kind);
/* It has been told. */
void hooks_event(struct pipeline_run *p, const pipe_event *e);
/* Is a hook still busy with events?  Whenever one is done, session_events_over is called. */
bool hooks_events_busy(const struct pipe_run *s);
/* The end of the run, but for its last event.  true: it has to wait, session_events_over follows. */
bool hooks_events_wait(struct pipeline_run *p);
/* Drops what waits, and ends what runs. */
void hooks_events_cancel(struct pipe_run *s);

#endif
