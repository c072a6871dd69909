/*
 * A probe under way: probe_run on a thread of its own, so that waiting for something takes no worker from other jobs.  What it has to
 * say, and the commands that it wants run, come over to the loop's thread.
 */
#ifndef RUNNER_STAGE_PROBER_H
#define RUNNER_STAGE_PROBER_H

#include "runner/probe/probe.h"
#include "runner/stage/desk.h"
#include "runner/stage/service.h"

struct prober;

struct prober_options {
	const struct probe *probe; /* all borrowed until done is called */
	struct stage_desk *desk;   /* loop and handles */
	struct services *services;
	struct executor *executor;
	const struct task_spec *command; /* envp, directory, mark and grace_ms of commands */
	const struct mask *mask;	 /* or NULL */
	int64_t limit_ms;
	uint32_t regex_steps;
	/* On the loop's thread.  done: exactly once after a start that succeeded; the result's texts live until it returns.  rc: of
	 * probe_run. */
	void (*say)(void *payload, const char *lines, size_t length);
	void (*done)(void *payload, int rc, const struct probe_result *result, const pipe_error *err);
	void *payload;
};

int prober_start(struct prober **out, const struct prober_options *options, pipe_error *err);
/* A request: done still comes.  now: a command is killed. */
void prober_cancel(struct prober *p, bool now);

#endif
