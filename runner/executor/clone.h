/*
 * Making a process the cheap way: the child borrows our memory until it executes (vfork), so a host of any size starts jobs at the
 * same speed; it comes with a pidfd, may be born inside a cgroup, and says through the shared memory why it could not execute.
 */
#ifndef RUNNER_EXECUTOR_CLONE_H
#define RUNNER_EXECUTOR_CLONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct clone_request {
	const char *path; /* of the program: absolute, or relative to directory */
	const char *const *argv, *const *envp;
	const char *directory;
	int input, output; /* become 0, and 1 and 2; both beyond 2 */
	int cgroup;	   /* directory of the cgroup to be born in; -1: that of the caller */
	uint64_t badge;	   /* to wear (proc.h); 0: none */
	void *stack;	   /* for the child, CLONE_STACK bytes, aligned to 16; nobody else uses it meanwhile */
};

enum { CLONE_STACK = 64 * 1024 };

enum clone_step { CLONE_DONE, CLONE_DESCRIPTORS, CLONE_DIRECTORY, CLONE_EXECUTE };

struct clone_result {
	pid_t pid;
	int pidfd;		/* close-on-exec */
	enum clone_step failed; /* CLONE_DONE: the program runs; otherwise the child is gone (and reaped), pidfd is closed */
	int error;		/* errno of what failed */
};

/* Returns 0, or the errno of the clone itself (no process was made).  *old_way remembers that clone3 is not to be had here. */
int clone_start(const struct clone_request *request, bool *old_way, struct clone_result *result);

#endif
