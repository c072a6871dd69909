/*
 * A native action under way (runner/action/action.h), on a thread of its own.  What it has to say comes over to the loop's thread.
 */
#ifndef RUNNER_STAGE_ACTOR_H
#define RUNNER_STAGE_ACTOR_H

#include "runner/action/action.h"
#include "runner/stage/desk.h"

struct actor;

struct actor_result {
	int code;
	const pipe_error *err;
	const char *answer; /* never NULL; until done returns */
	bool timed_out;
};

struct actor_options {
	const struct stage_action *action; /* all borrowed until done is called */
	struct stage_desk *desk;	   /* loop and handles */
	struct action_context context;	   /* arena, cancel, say, payload and answer are filled in here */
	int64_t limit_ms;		   /* 0: none */
	/* On the loop's thread.  done: exactly once after a start that succeeded. */
	void (*say)(void *payload, const char *lines, size_t length);
	void (*done)(void *payload, const struct actor_result *result);
	void *payload;
};

int actor_start(struct actor **out, const struct actor_options *options, pipe_error *err);
/* A request: done still comes. */
void actor_cancel(struct actor *a);

#endif
