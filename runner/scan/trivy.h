/* The real Trivy, run as a command, and its report as ours.  Blocking; any thread. */
#ifndef RUNNER_SCAN_TRIVY_H
#define RUNNER_SCAN_TRIVY_H

#include "runner/scan/scan.h"

/* Where it is on the PATH of the environment (absolute, in the arena), or NULL. */
const char *trivy_find(const char *const *envp, struct arena *a);
/* As scan_run.  That Trivy ends with a status other than 0 is PIPE_EIO with its last words: it could not scan. */
int trivy_run(const char *program, const struct scan_options *options, struct scan_report *report, pipe_error *err);

#endif
