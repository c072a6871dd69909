/*
 * Cgroups (v2) for tasks: one parent for an executor, below it one leaf for each task that runs at a time, used again from task to
 * task.  What is born in a leaf cannot get out of it without privilege, whatever it forks, detaches or hides.
 */
#ifndef RUNNER_EXECUTOR_CGROUP_H
#define RUNNER_EXECUTOR_CGROUP_H

#include "runner/executor/proc.h"

struct cgroups;
struct cgroup_leaf;

/* Below our own cgroup.  NULL: the system does not allow it (or there is no memory): do without. */
struct cgroups *cgroups_open(const char *name);
/* Removes all that was made; NULL is fine. */
void cgroups_close(struct cgroups *g);

/* A leaf with nobody in it; NULL: not to be had. */
struct cgroup_leaf *cgroups_take(struct cgroups *g);
/* empty: it is known that nobody is in it any more. */
void cgroups_give(struct cgroups *g, struct cgroup_leaf *leaf, bool empty);

/* Its directory, for clone3. */
int cgroup_leaf_directory(const struct cgroup_leaf *leaf);
bool cgroup_leaf_is_populated(const struct cgroup_leaf *leaf);
/* Adds its processes, also those of cgroups that were made below. */
void cgroup_leaf_members(const struct cgroup_leaf *leaf, struct pids *out);
/* Does a path, as proc_cgroup gives it, lie in it? */
bool cgroup_leaf_is_in(const struct cgroup_leaf *leaf, const char *path);
/* SIGKILL to all of them at once.  The leaf is not used again after this task. */
void cgroup_leaf_kill(struct cgroup_leaf *leaf);

/* Recovery: looks for cgroups of that name wherever they are, kills what is in them, removes them.  Returns how many were killed. */
unsigned cgroup_reap(const char *name);

#endif
