/*
 * The insides of the executor `local`, shared by its files: local.c (the interface, the loop), task.c (how a task ends),
 * strays.c (what else belongs to a task).
 */
#ifndef RUNNER_EXECUTOR_LOCAL_H
#define RUNNER_EXECUTOR_LOCAL_H

#include "runner/executor/cgroup.h"
#include "runner/executor/executor.h"
#include "runner/executor/proc.h"
#include "runner/executor/spawn.h"

/* All times are milliseconds of uv_hrtime's clock; NEVER: not set. */
#define NEVER UINT64_MAX

struct local;

struct task {
	struct local *local;
	struct task_spec spec; /* its strings are the caller's */
	uint64_t badge;	       /* of its mark */
	struct task *previous, *next;
	pid_t pid;		  /* also the number of its session and its group */
	int pidfd, output;	  /* -1: done with */
	struct cgroup_leaf *leaf; /* or NULL */
	uint64_t received;	  /* bytes of output */
	bool large_pipe;

	bool exited;	   /* the main process is gone and reaped: code and status are set */
	bool unknown;	   /* somebody else took its exit status */
	int code, status;  /* of waitid: CLD_EXITED..., exit code or signal */
	enum task_end why; /* TASK_TIMED_OUT, TASK_CANCELLED: we end it; TASK_EXITED: we do not */
	bool killed;	   /* SIGKILL has been sent to all there was */
	uint64_t deadline; /* of timeout_ms */
	uint64_t kill_at;  /* end of the grace time */
	uint64_t look_at;  /* after the exit: when to look again whether something is left */
	uint64_t give_up_at;
	unsigned pause; /* between two looks */
	unsigned stragglers;
	bool ended; /* on_end has been called; freed when the current callback of the loop is over */
};

/* A process that was seen to be a task's: what is left of it when it has died may bear no sign of that. */
struct adopted {
	pid_t pid;
	uint64_t start;
	const struct task *task;
};

struct local {
	struct executor executor; /* first: the handle is this */
	uv_loop_t *loop;
	uv_poll_t poll;	  /* on epoll, which holds all pipes and pidfds: cheaper than handles of their own */
	uv_timer_t timer; /* set to the earliest time that any task waits for */
	uint64_t timer_at;
	int epoll;
	struct spawner spawner;
	struct cgroups *cgroups; /* NULL: none */
	bool reaper;		 /* orphans come to us */
	int children;		 /* /proc/self/task/PID/children, where they appear */
	char *buffer;
	struct task *first, *last; /* in the order they were started */
	struct task *ended;
	struct adopted *adopted;
	size_t adopted_count, adopted_capacity;
	char *nonce;	/* PIPE_TASK's value up to "/" with it, of the task started last */
	uint64_t badge; /* and that task's */
	struct str scratch;
	unsigned handles; /* to be closed */
	void (*on_closed)(void *context);
	void *on_closed_context;
};

uint64_t local_now(void);
/* Makes the timer fire no later than that. */
void local_wake_at(struct local *x, uint64_t at);

/* task.c */
void task_read_output(struct task *t);
/* Takes the exit status if the main process has ended. */
void task_check_exit(struct task *t);
/* Begins to end it; again with now: KILL. */
void task_stop(struct task *t, enum task_end why, bool now);
uint64_t task_due(const struct task *t);
void task_tick(struct task *t);

/* strays.c */
/* Live processes that belong to the task, without its main one; reaps the dead ones among our children.  out: each of them. */
size_t strays_find(struct task *t, struct pids *out);
/* Is certainly nothing left?  A few cheap system calls. */
bool strays_none(const struct task *t);
/* Signals everything that belongs to the task, its main process included. */
void strays_signal(struct task *t, int signal);
/* Reaps what has died of any task and kills what is left of those that have ended. */
void strays_tidy(struct local *x);
void strays_forget(struct local *x, const struct task *t);

#endif
