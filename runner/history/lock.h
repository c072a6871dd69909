/*
 * Who drives a run, and how to tell it something.  A run is driven by the process that holds the lock on lock/<run>; the kernel
 * gives the lock back when that process ends, however it ends.  The driver reads single bytes from lock/<run>.fifo.
 *
 * The order that makes "running, but not locked" mean "its process died": take the lock after store_run_create and before
 * store_commit; give it back after the commit of store_run_finish.
 */
#ifndef RUNNER_LOCK_H
#define RUNNER_LOCK_H

#include "pipe.h"
#include <stdbool.h>

struct run_lock;

/* PIPE_EBUSY: another process holds it.  The directory lock/ is made. */
int run_lock_acquire(struct run_lock **out, const char *state_directory, int64_t run, pipe_error *err);
/* Gives the lock back and removes its file. */
void run_lock_free(struct run_lock *lock);
bool run_lock_is_held(const char *state_directory, int64_t run);
/* The process that holds it, as it wrote there itself; 0: none. */
int run_lock_holder(const char *state_directory, int64_t run);
/* Removes what a dead driver left in lock/. */
void run_lock_remove(const char *state_directory, int64_t run);

/* NEWER: a newer run of the same branch has begun. */
enum { RUN_CONTROL_CANCEL = 'c', RUN_CONTROL_KILL = 'k', RUN_CONTROL_NEWER = 'n' };

/* For the driver, who holds the lock: a descriptor to poll for reading, non-blocking, that never reports an end. */
int run_control_open(const char *state_directory, int64_t run, int *fd, pipe_error *err);
void run_control_close(const char *state_directory, int64_t run, int fd);
/* PIPE_ENOTFOUND: nobody drives that run. */
int run_control_send(const char *state_directory, int64_t run, char command, pipe_error *err);

/* A lock of the whole state directory by name ("recover"), waited for up to timeout_ms: *fd is to be closed to give it back.
 * PIPE_EBUSY: not within that time. */
int state_lock(const char *state_directory, const char *name, unsigned timeout_ms, int *fd, pipe_error *err);

#endif
