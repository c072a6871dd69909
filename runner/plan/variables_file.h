/*
 * Files of variables, as a project's settings are on a server: what --variables-file names, and before it those that gitlab-ci-local
 * reads in a project: `.gitlab-ci-local-variables.yml`, and the VARIABLE= line of `.gitlab-ci-local-env`.
 *
 * YAML: `KEY: VALUE`, or `KEY: {value: V, environment_scope: GLOB}`, or `KEY: {values: {ENVIRONMENT-GLOB: V}}`, with
 * `masked: true`, `expand: false`, `type: file` beside it.  Anything else: KEY=VALUE lines as in a dotenv file.
 */
#ifndef RUNNER_VARIABLES_FILE_H
#define RUNNER_VARIABLES_FILE_H

#include "base/arena.h"
#include "pipe.h"
#include "pipeline/plan/plan.h"

struct file_variables {
	struct variables *all;
	scoped_variables *scoped;
	VEC(const char *) missing; /* files that are not there */
};

/* Adds to out, later files over earlier ones.  A relative path is taken below directory; a file that is not there has no variables.
 * PIPE_EPIPELINE with file and line for what is wrong in one. */
int variables_files_read(const char *const *paths, const char *directory, struct arena *a, struct file_variables *out,
			 pipe_error *err);

/* `.gitlab-ci-local-inputs.yml` of a project: inputs as `KEY: VALUE`, those of one included file or component below its name. */
typedef VEC(const char *) input_list;
/* Appends "KEY=VALUE" and "NAME:KEY=VALUE". */
int inputs_file_read(const char *directory, struct arena *a, input_list *out, pipe_error *err);

#endif
