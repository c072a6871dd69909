/* From a task_spec to a running process with a pipe on its output: program lookup, descriptors, and sentences for what fails. */
#ifndef RUNNER_EXECUTOR_SPAWN_H
#define RUNNER_EXECUTOR_SPAWN_H

#include "base/str.h"
#include "runner/executor/executor.h"
#include <sys/types.h>

/* What all spawns of an executor share. */
struct spawner {
	int null;     /* /dev/null, for reading */
	void *stack;  /* CLONE_STACK bytes */
	bool old_way; /* clone3 is not to be had */
	/* The last program that was looked up, in which PATH, and where it was: most tasks run one shell. */
	struct str name, search, found;
};
int spawner_open(struct spawner *s, pipe_error *err);
void spawner_close(struct spawner *s);

struct spawned {
	pid_t pid;
	int pidfd;
	int output; /* the pipe's end to read from, not blocking; all are close-on-exec */
};
/* cgroup: a directory or -1; *cgroup_refused: it was the cgroup that failed, so do without. */
int spawn(struct spawner *s, const struct task_spec *spec, int cgroup, bool *cgroup_refused, struct spawned *out,
	  pipe_error *err);

#endif
