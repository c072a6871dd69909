/* The history of a run that goes on, for scripts that ask for it on threads of their own. */
#ifndef RUNNER_FRESH_H
#define RUNNER_FRESH_H

#include "runner/run/session.h"

/* Before the first script is called; once more is fine. */
int fresh_open(struct pipe_run *s, pipe_error *err);
void fresh_free(struct pipe_run *s);
/* This is the loop's thread. */
void fresh_on(struct pipe_run *s);
/* On the loop's thread, when it is woken: somebody may be waiting. */
void fresh_serve(struct pipe_run *s);
/* From any thread: returns when all that has happened so far can be read.  As run_host_options.fresh wants it; session: struct pipe_run *. */
void fresh_wait(void *session);

#endif
