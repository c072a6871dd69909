/*
 * The plan: a DAG of job instances for one kind of run.  Rules are evaluated, parallel and matrix unfolded, needs resolved and
 * checked; each job knows why it is in or out.  Immutable once made; the scheduler keeps its own state beside it.
 *
 * Waiting without `needs` is not drawn as edges (two stages of 5,000 jobs would be 25 million): such a job waits for all jobs of
 * the earlier stages, and the scheduler counts them by stage.
 */
#ifndef PIPELINE_PLAN_H
#define PIPELINE_PLAN_H

#include "pipeline/document/diagnostic.h"
#include "pipeline/model.h"
#include "pipeline/plan/world.h"

/* A variable for jobs of some environments only (https://docs.gitlab.com/ci/environments/#limit-the-environment-scope-of-a-cicd-variable). */
struct scoped_variable {
	const char *environment; /* a glob on the environment's name */
	struct variable variable;
};
typedef VEC(struct scoped_variable) scoped_variables;

/* What kind of pipeline this is, and the variables that come with it. */
struct plan_options {
	const struct variables *predefined; /* of the pipeline: CI_COMMIT_SHA...; not of a job */
	const struct variables *pipeline;   /* the command line, a trigger, a parent: win over those of the file */
	const scoped_variables *scoped;	    /* as strong, for the jobs whose environment matches; or NULL */
	const char *const *unset;	    /* NULL-terminated, or NULL */
	const char *source;		    /* CI_PIPELINE_SOURCE */
	const char *ref;		    /* branch or tag name: only/except */
	bool is_tag, is_merge_request;
	const char *ref_path; /* project path for `refs: [branch@group/project]` */
	bool assume_changed;
	bool strict;
	const char *const *jobs; /* selection, as in pipe_plan_options */
	const char *const *manual;
	const char *stage;
	bool no_needs, only_needs;
	pipe_limits limits;
	const struct world *world;
};

/* An edge: this job waits for that one. */
struct plan_need {
	uint32_t job;	/* index into plan.jobs */
	bool artifacts; /* and takes its artifacts and dotenv variables */
};

/* Why a job is in the plan or out of it. */
struct decision {
	struct mark at;	    /* the rule, the only/except entry, `when`; line 0: no place */
	const char *reason; /* "rule 2 matched: if $CI_COMMIT_TAG", "no rule matched", "not selected" */
};

struct plan_job {
	const char *name; /* "test", "test 1/3", "test: [a, b]" */
	const struct job *job;
	uint32_t index;		    /* in plan.jobs */
	uint32_t stage;		    /* index into pipeline->stages */
	bool included;		    /* rules and only/except put it into the pipeline */
	bool selected;		    /* and the command line wants it; only such jobs run */
	bool played;		    /* a manual job that is to start by itself: named on the command line */
	bool waits_for_stages;	    /* no `needs`: waits for all selected jobs of earlier stages */
	bool artifacts_from_stages; /* takes the artifacts of all jobs of earlier stages */
	enum job_when when;	    /* never WHEN_UNSET; NEVER when not included */
	enum tristate interruptible;
	int64_t start_in_ms; /* delayed */
	struct allow_failure allow_failure;
	VEC(struct plan_need) needs;	 /* with `needs`: what it waits for (included and selected jobs only) */
	VEC(uint32_t) artifacts_from;	 /* otherwise: of these (dependencies, or needs with artifacts) */
	uint32_t node_index, node_total; /* CI_NODE_INDEX (0: none), CI_NODE_TOTAL (1 for plain jobs) */
	const struct variables *matrix;	 /* of this instance, or NULL */
	const struct variables *rule;	 /* rules:variables of the rule that matched, or NULL */
	struct decision decision;
	const char *environment_name, *environment_url; /* expanded; NULL: none */
	const char *resource_group;			/* expanded */
};

struct plan {
	const struct pipeline *pipeline;
	const char *name;			    /* workflow:name, expanded; or "" */
	bool runs;				    /* workflow:rules create a pipeline */
	struct decision workflow;		    /* why or why not */
	const struct variables *workflow_variables; /* of the rule that matched; or NULL */
	VEC(struct plan_job) jobs;		    /* every instance, by stage, then in the order of the file */
	VEC(uint32_t) order;			    /* indices of selected jobs in an order in which they could run one by one */
	const uint32_t *first;			    /* by job index: its first instance in jobs */
	struct map unfolded;		    /* names that matrix and parallel made -> struct plan_job *; see plan_job_named() */
	const struct plan_options *options; /* copied into the arena */
};

/* Makes the plan.  Returns PIPE_OK, PIPE_EPIPELINE (d says why; *out may be partial or NULL), PIPE_ENOMEM, PIPE_ENOTFOUND (a job
 * of the selection does not exist: reported in d with the nearest name). */
int plan_make(struct plan **out, struct arena *a, const struct pipeline *p, const struct plan_options *options,
	      struct diagnostics *d);

/* Looks at the needs of a pipeline that has errors, and reports those that are wrong whatever the rest means: names of no job, needs
 * of a later stage, rings.  PIPE_OK or PIPE_ENOMEM (names.c). */
int plan_names(const struct pipeline *p, struct arena *a, const pipe_limits *limits, struct diagnostics *d);

/* The instance of that name ("test", "test 1/3"), or NULL. */
const struct plan_job *plan_job_named(const struct plan *plan, const char *name, size_t length);

/* The scope that a job's texts are expanded in, weakest first: predefined, global (as inherit allows), workflow, job's own predefined,
 * job, matrix, rule, pipeline, and `dotenv` (of needed jobs; may be NULL).  `own` is the storage for the job's own predefined ones
 * (CI_JOB_NAME, CI_JOB_STAGE, CI_NODE_INDEX, CI_ENVIRONMENT_NAME...) and must live as long as the scope.  As GitLab orders them: the
 * command line wins over dotenv. */
bool plan_job_scope(const struct plan *plan, const struct plan_job *job, const struct variables *dotenv, struct arena *a,
		    struct variables *own, struct scope *out);

/* ---- views (graph.c, view.c) ---- */
void plan_text(const struct plan *plan, const struct sources *s, bool colour, struct str *out);
void plan_json(const struct plan *plan, const struct sources *s, struct str *out);
void plan_ascii(const struct plan *plan, unsigned width, bool colour, struct str *out);
void plan_dot(const struct plan *plan, struct str *out);
void plan_mermaid(const struct plan *plan, struct str *out);
void plan_svg(const struct plan *plan, struct str *out);
/* A job's merged definition with the place of each key; false: no such job (nearest name in *nearest). */
bool pipeline_explain_job(const struct pipeline *p, const struct sources *s, const char *name, bool colour, struct str *out,
			  const char **nearest);

#endif
