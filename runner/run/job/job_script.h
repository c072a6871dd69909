/* What is run for a job, and in which environment. */
#ifndef RUNNER_RUN_JOB_JOB_SCRIPT_H
#define RUNNER_RUN_JOB_JOB_SCRIPT_H

#include "base/arena.h"
#include "pipe.h"
#include "runner/run/session.h"

enum script_part { PART_MAIN, PART_AFTER }; /* before_script and script in one shell; after_script in another */

struct job_script {
	const char *const *argv; /* NULL-terminated */
	const char *file;	 /* the script was written here, to be removed; NULL: it is in argv */
};

/* Is the job's script for the shell of that name, bash or sh? */
bool job_shell_is(const struct job *job, const char *name);

/* Puts the script together; into a file in the run's directory when it is too long for an argument or the shell wants a file. */
int job_script_make(struct job_run *j, enum script_part part, struct arena *a, struct job_script *out, pipe_error *err);

/* A text of its own, for the same shell. */
int job_script_text(struct job_run *j, const char *commands, const char *suffix, struct arena *a, struct job_script *out,
		    pipe_error *err);

/* The whole environment, NULL-terminated: this process's own, over it the job's variables.  workspace: CI_PROJECT_DIR.  status:
 * CI_JOB_STATUS.  mark: the entry of it that task_spec wants to know. */
int job_environment_make(struct job_run *j, const char *workspace, const char *status, struct arena *a, const char *const **envp,
			 const char **mark, pipe_error *err);
/* The same of the pipeline itself, for commands of its hooks.  scope: its variables.  suffix: of the mark. */
int run_environment_make(struct pipeline_run *p, const struct scope *scope, const char *suffix, struct arena *a,
			 const char *const **envp, const char **mark, pipe_error *err);
/* The variables that a job sees from others: dotenv reports along its artifact edges. */
bool job_dotenv_inherit(struct job_run *j, struct arena *a, struct variables *out);
/* What a scope of job_scope points to. */
struct job_variables {
	struct variables own, dotenv, runner;
};
/* The scope of the job's texts.  workspace: CI_PROJECT_DIR. */
bool job_scope(struct job_run *j, const char *workspace, struct arena *a, struct job_variables *v, struct scope *out);

#endif
