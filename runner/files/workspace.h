/*
 * Where a job's script runs: the working copy itself, or with --isolate a copy of its own of the tracked and changed files below
 * <state>/runs/<run>/work/<job>, made with reflinks (FICLONE) where the file system has them, hard links never (a job could write
 * through them), otherwise copies; removed after the job.
 */
#ifndef RUNNER_WORKSPACE_H
#define RUNNER_WORKSPACE_H

#include "pipe.h"

/* Blocking: call from a worker thread. */
int workspace_copy(const char *project_directory, const char *destination, pipe_error *err);
int workspace_remove(const char *directory, pipe_error *err);

#endif
