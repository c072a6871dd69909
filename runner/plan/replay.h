/*
 * Plan options as JSON: what a run keeps of them so that it can be repeated.  One object, its keys named as the fields of
 * pipe_plan_options; what has its default is left out.  Secrets are never written, and what was masked is not read back.
 */
#ifndef RUNNER_REPLAY_H
#define RUNNER_REPLAY_H

#include "base/arena.h"
#include "base/str.h"
#include "pipe.h"

/* Appends the object. */
int replay_options_write(const pipe_plan_options *o, struct str *json);
/* Fills *out, with strings in the arena.  masked(payload, "variables", "TOKEN") is called for each KEY=VALUE whose value held a secret
 * and is left out therefore; may be NULL.  PIPE_ESTORE: not such an object. */
int replay_options_read(const char *json, struct arena *a, pipe_plan_options *out,
			void (*masked)(void *payload, const char *option, const char *name), void *payload, pipe_error *err);

#endif
