/*
 * The place of a running job, given up while a hook of it waits for something that is not this machine's work (an answer, a time), so that
 * whoever waits holds nobody up.  Its job gets a place again before it does anything more than end.
 */
#ifndef RUNNER_PLACE_H
#define RUNNER_PLACE_H

#include "runner/run/active_job.h"

/* A hook of x waits.  Nothing happens where too many have given theirs up: each costs descriptors and memory. */
void place_give(struct active_job *x);
/* Does x have a place?  Otherwise it waits for one, and `then` is called when it is there, or when x has been cancelled. */
bool place_take(struct active_job *x, void (*then)(struct active_job *x));
/* x ends, or begins anew. */
void place_leave(struct active_job *x);
/* Serves those who wait.  true: there was one. */
bool place_serve(struct pipe_run *s);

#endif
