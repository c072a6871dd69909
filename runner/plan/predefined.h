/*
 * The predefined variables of a pipeline that have a meaning here (https://docs.gitlab.com/ci/variables/predefined_variables/), each
 * with its PIPE_ twin where it is not GitLab's alone.  One table (predefined.c) also makes docs/reference/variables.md.
 */
#ifndef RUNNER_PREDEFINED_H
#define RUNNER_PREDEFINED_H

#include "pipeline/rule/variable.h"
#include "runner/git/git.h"

struct predefined_facts {
	const struct git_facts *git;
	const char *project_directory; /* CI_PROJECT_DIR; with --isolate each job has its own, set in the job's scope */
	const char *config_path;       /* CI_CONFIG_PATH */
	const char *as;		       /* pipe_plan_options.as */
	int64_t run;		       /* CI_PIPELINE_ID and IID; 0: not known yet (plan, lint) */
	int64_t now_ms;
	const char *source; /* overrides what `as` says: "parent_pipeline" */
};

/* Fills out with all pipeline-wide variables.  *source and *ref are what plan_options want.  PIPE_EUSAGE: `as` is not understood. */
int predefined_make(const struct predefined_facts *facts, struct arena *a, struct variables *out, const char **source,
		    const char **ref, bool *is_tag, bool *is_merge_request, pipe_error *err);
void predefined_reference(struct str *out); /* docs/reference/variables.md */

#endif
