/*
 * A script that is nothing but one simple command may be run without a shell where nobody can tell the difference, as make does: no
 * expansion, no operator, no builtin, no assignment; the same words, the same environment.  It saves the start of a shell.
 */
#ifndef RUNNER_RUN_JOB_JOB_DIRECT_H
#define RUNNER_RUN_JOB_JOB_DIRECT_H

#include "runner/run/job/job_script.h"

/* What the last look-up found. */
struct direct_program {
	char name[64], search[2048];
	char file[1024]; /* absolute; "": the shell has to run it */
};

/* If the main script of the job is such a command: sets out->argv, and in *envp what its shell would have set.  envp: the whole
 * environment, with room for nothing more.  false: it needs its shell (also when memory ended). */
bool job_direct(struct job_run *j, const char *directory, struct arena *a, const char *const **envp, struct job_script *out);
/* The same of any text for the job's shell. */
bool job_direct_text(struct job_run *j, const char *text, const char *directory, struct arena *a, const char *const **envp,
		     struct job_script *out);

#endif
