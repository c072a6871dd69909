/*
 * Compresses the logs of ended jobs on a thread that takes only the processor time that nobody else wants, and that no run waits
 * for.  A log that has to wait is noted in the state directory (compress/<run>.<job>); the packer of a later run finds the notes
 * that are left, also those of a process that was killed.  Until then the log is as good, only larger.
 */
#ifndef RUNNER_LOG_PACKER_H
#define RUNNER_LOG_PACKER_H

#include "pipe.h"

struct log_packer;

/* Begins with what earlier runs have left, if there is any: without that, and without work, there is no thread.  state_directory is
 * copied. */
int log_packer_create(struct log_packer **out, const char *state_directory, pipe_error *err);
/* A log (runs/<run>/<job>) that has ended and that nobody goes on with as long as the caller holds the run's lock.  A failure is told
 * by log_packer_free(). */
void log_packer_add(struct log_packer *p, int64_t run, uint32_t job);
/* Compresses what is noted, here and now: for who keeps house.  The first failure. */
int log_packer_finish(const char *state_directory, pipe_error *err);
/* Stops; what is not done stays noted.  The first failure since log_packer_create(); NULL is fine. */
int log_packer_free(struct log_packer *p, pipe_error *err);

#endif
