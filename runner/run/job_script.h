/* What is run for a job, and in which environment. */
#ifndef RUNNER_JOB_SCRIPT_H
#define RUNNER_JOB_SCRIPT_H

#include "base/arena.h"
#include "pipe.h"
#include "runner/run/session.h"

enum script_part { PART_MAIN, PART_AFTER }; /* before_script and script in one shell; after_script in another */

struct job_script {
	const char *const *argv; /* NULL-terminated */
	const char *file;	 /* the script was written here, to be removed; NULL: it is in argv */
};

/* Puts the script together.  script_file: where to write it when it is too long for an argument or the shell wants a file. */
int job_script_make(struct job_run *j, enum script_part part, const char *script_file, struct arena *a, struct job_script *out,
		    pipe_error *err);

/* The whole environment, NULL-terminated: this process's own, over it the job's variables.  workspace: CI_PROJECT_DIR.  status:
 * CI_JOB_STATUS. */
int job_environment_make(struct job_run *j, const char *workspace, const char *status, struct arena *a, const char *const **envp,
			 pipe_error *err);
/* The variables that a job sees from others: dotenv reports along its artifact edges. */
bool job_dotenv_inherit(struct job_run *j, struct arena *a, struct variables *out);
/* What a scope of job_scope points to. */
struct job_variables {
	struct variables own, dotenv, runner;
};
/* The scope of the job's texts.  workspace: CI_PROJECT_DIR. */
bool job_scope(struct job_run *j, const char *workspace, struct arena *a, struct job_variables *v, struct scope *out);

#endif
