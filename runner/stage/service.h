/*
 * The services of a typed job: processes that go on in the background until the job's end.  Each is a task of its own with a mark of its
 * own, so that the end of one step ends no service.  Their output is masked, goes to the job's log line by line behind the service's
 * name, and its newest part is kept for probes.
 *
 * All on the loop's thread, but for service_output and service_alive.
 */
#ifndef RUNNER_STAGE_SERVICE_H
#define RUNNER_STAGE_SERVICE_H

#include "base/arena.h"
#include "base/str.h"
#include "runner/executor/executor.h"
#include "runner/log/mask.h"
#include <pthread.h>

struct service;

struct services {
	/* Given. */
	struct executor *executor;
	const struct mask *mask;
	unsigned grace_ms;
	/* Whole lines for the job's log, masked. */
	void (*show)(void *payload, const char *text, size_t length);
	/* One has ended; stopping: because it was told to. */
	void (*ended)(void *payload, const char *name, bool stopping);
	void *payload;

	pthread_mutex_t lock; /* of what has been printed, and of how services ended */
	struct service *first;
	unsigned running;
};

void services_init(struct services *s);
/* None may be running. */
void services_clear(struct services *s);
/* spec: argv, envp, directory and mark, borrowed until services_clear; the rest is filled in. */
int service_start(struct services *s, const char *name, const struct task_spec *spec, pipe_error *err);
/* TERM, and KILL after the grace time; now: KILL.  `ended` is called for each, later. */
void services_stop(struct services *s, bool now);

/* The first that ended before it was told to, and did not succeed: `the service "api" ended with exit code 1: no such table`.
 * waiting: also one that succeeded, where nothing else is left to wait for, or where it is `name` (or NULL) that is waited for.  NULL:
 * none, or no memory. */
const char *services_failure(struct services *s, bool waiting, const char *name, struct arena *a);

/* As in struct probe_context; any thread. */
bool service_output(struct services *s, const char *name, uint64_t *cursor, struct str *out);
bool service_alive(struct services *s, const char *name, struct arena *a, const char **why);

#endif
