/* What /proc says about processes.  Everything may be gone the next moment: a process that vanishes is no error. */
#ifndef RUNNER_EXECUTOR_PROC_H
#define RUNNER_EXECUTOR_PROC_H

#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The name of the mark in a task's environment. */
#define PROC_MARK "PIPE_TASK="

struct proc {
	pid_t pid, parent, group, session;
	char state;	/* 'Z', 'X': dead */
	uint64_t start; /* tells a process from a later one of the same number */
};

bool proc_stat(pid_t pid, struct proc *out);
bool proc_is_dead(const struct proc *p);

/* A list that grows; an addition that finds no memory is dropped (`failed`). */
struct pids {
	pid_t *items;
	size_t count, capacity;
	bool failed;
};
void pids_add(struct pids *p, pid_t pid);
void pids_clear(struct pids *p);
/* In order, each once. */
void pids_sort(struct pids *p);

/* Adds the numbers in a text: what `children` and `cgroup.procs` files hold.  From offset 0, whatever was read before. */
void pids_read(struct pids *p, int fd);
/* Adds the children of all threads of a process. */
void pids_add_children(struct pids *p, pid_t parent);
/* Adds every process of the machine that we can see. */
void pids_add_all(struct pids *p);

/* The value of PIPE_TASK in a process's environment as it was when it executed; NULL: there is none, or it cannot be seen.  Borrowed
 * from scratch. */
const char *proc_mark(pid_t pid, struct str *scratch);
/*
 * The mark as a number, its badge: a task wears it as its soft limit of RLIMIT_RTTIME (getrlimit(2)), which no program meets (it is
 * beyond 140,000 years of real-time scheduling), and which all that it starts inherits, also in a session of its own with an emptied
 * environment.  0: no mark, no badge.
 */
uint64_t proc_badge(const char *mark); /* "PIPE_TASK=<run nonce>/<job>"; what follows the slash may be missing */
uint64_t proc_badge_of(pid_t pid);
/* Are both of tasks of one run? */
bool proc_badge_same_run(uint64_t a, uint64_t b);
/* The path of its cgroup (v2), also when it is dead; NULL: none.  Borrowed from scratch. */
const char *proc_cgroup(pid_t pid, struct str *scratch);
/* Signals the process, unless its number belongs to another one by now. */
bool proc_signal(const struct proc *p, int signal);

#endif
