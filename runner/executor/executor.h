/*
 * The seam between a job and where it runs.  An executor starts one process tree per job ("task"), streams its output, signals
 * it, and says once how it ended.  `local` runs on this machine; a remote executor fits the same struct: it may take its time
 * between start and started, and it may lose and find its connection without the job noticing.
 *
 * All calls and callbacks happen on the loop's thread.
 */
#ifndef RUNNER_EXECUTOR_EXECUTOR_H
#define RUNNER_EXECUTOR_EXECUTOR_H

#include "pipe.h"
#include <stdbool.h>
#include <uv.h>

/* Why a task ended.  The words are GitLab's (retry:when keys on them). */
enum task_end {
	TASK_EXITED,	/* by itself: exit_code */
	TASK_SIGNALLED, /* killed by a signal that we did not send: exit_code is 128 + signal */
	TASK_TIMED_OUT, /* we ended it: its time was over */
	TASK_CANCELLED, /* we ended it: somebody asked */
	TASK_SYSTEM	/* the machinery failed (no shell, no memory, no process): error says what */
};

struct task_result {
	enum task_end end;
	int exit_code;	     /* -1: none */
	pipe_error error;    /* TASK_SYSTEM */
	unsigned stragglers; /* processes left behind by the job that had to be killed */
};

/* What to run.  Borrowed until on_end has been called. */
struct task_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in the environment's PATH */
	const char *const *envp; /* the whole environment, NULL-terminated */
	const char *directory;	 /* absolute */
	const char
		*mark; /* "PIPE_TASK=<run nonce>/<job>": also in envp; by it left-behind processes are recognised.  All tasks of a
	                              nonce must be of one executor: a process that bears its nonce and is no running task's is killed */
	const int *
		input; /* becomes its standard input, a descriptor beyond 2 that is needed until start() returns; NULL: /dev/null */
	int64_t timeout_ms; /* 0: none.  TERM then, KILL after grace_ms */
	unsigned grace_ms;
	/* Output (stdout and stderr in one stream, in the order written).  Never after on_end. */
	void (*on_output)(void *context, const char *bytes, size_t length);
	/* Exactly once for each start() that returned PIPE_OK, later, from the loop, when the process and all that it started are gone
	 * and its output has been delivered. */
	void (*on_end)(void *context, const struct task_result *result);
	void *context;
};

struct task; /* one running thing, owned by the executor until on_end has returned */

struct executor {
	const struct executor_ops *ops;
};

struct executor_ops {
	const char *name; /* what `executor:` says */
	/* PIPE_OK: on_end comes exactly once, later; *out is valid until then.  Otherwise it never comes. */
	int (*start)(struct executor *x, const struct task_spec *spec, struct task **out, pipe_error *err);
	/* A request: TERM to everything, KILL after the grace time, then on_end with TASK_CANCELLED.  now: KILL at once. */
	void (*cancel)(struct executor *x, struct task *task, bool now);
	/* The process id to show and to record, or 0. */
	int (*pid)(const struct task *task);
	/* When no task is left; done is called from the loop when every handle is closed, and the executor is gone then. */
	void (*close)(struct executor *x, void (*done)(void *context), void *context);
};

struct local_options {
	uv_loop_t *loop;
	bool subreaper;		 /* become one, if not yet */
	bool cgroups;		 /* use cgroups of our own where the system allows */
	const char *cgroup_name; /* "pipe-<nonce>" */
};
/* The executor `local`. */
int executor_local_create(struct executor **out, const struct local_options *options, pipe_error *err);

/* Kills every process on this machine that bears one of these marks ("PIPE_TASK=<run nonce>/") in its environment or as its badge
 * (proc.h), and the cgroup of that name: what a killed runner left behind.  Returns how many.  Blocking; for recovery at start. */
unsigned executor_local_reap(const char *const *marks, size_t count);

#endif
