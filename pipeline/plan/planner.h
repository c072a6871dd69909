/*
 * What the rooms of the plan share while it is made: plan.c leads, matrix.c unfolds jobs, rules.c and only.c decide who is in,
 * needs.c resolves who waits for whom, order.c finds rings, select.c takes what the command line wants.
 */
#ifndef PIPELINE_PLANNER_H
#define PIPELINE_PLANNER_H

#include "pipeline/plan/plan.h"

struct planner {
	struct plan *plan;
	struct arena *a;      /* the plan's */
	struct arena temp;    /* lives as long as the planner */
	struct arena scratch; /* cleared now and then: see planner_scratch() */
	const struct pipeline *p;
	const struct plan_options *o;
	struct diagnostics *d;
	uint32_t *first;	    /* by job index: its first instance in plan->jobs */
	uint32_t *instances;	    /* by job index: how many */
	const struct needs **needs; /* by instance: the rule's or the job's; NULL: none are set */
	struct map answers;	    /* what the world said: see world.c */
	uint64_t regex_budget;
	uint64_t globs;	     /* paths that were matched with a pattern */
	uint64_t edges;	     /* of all needs so far */
	uint64_t selections; /* values compared for needs:parallel:matrix */
	unsigned searches;   /* names looked for, for "did you mean" */
	unsigned faults;     /* conditions that could not be evaluated */
	bool names_only;     /* see plan_names() */
};

enum {
	PLAN_FAULTS_MOST = 20,	    /* after so many the rest is not evaluated */
	PLAN_SEARCHES_MOST = 20,    /* nearest names looked for: each looks at all names */
	PLAN_EDGES_MOST = 20000000, /* needs of all instances together */
	PLAN_GLOBS_MOST = 20000000, /* paths matched with patterns of rules:changes */
	PLAN_SELECTIONS_MOST = 50000000,
	PLAN_REGEX_BUDGETS = 100 /* limits->regex_steps, for all matches of a plan together */
};

/* Memory for the next piece of work; what was allocated there before is gone at times. */
struct arena *planner_scratch(struct planner *m);
/* false, having noted that memory has ended. */
bool planner_nomem(struct planner *m);
/* Expands a text into the plan's arena; NULL: it grows too large, which is reported at `at`. */
const char *planner_expand(struct planner *m, const struct scope *scope, const char *text, struct mark at);
/* The nearest job (or, with templates, hidden job) name as a hint on the diagnostic reported last; false: there is none. */
bool planner_suggest_job(struct planner *m, const char *name);

/* ---- plan.c ---- */
/* Lays out the instances of all jobs.  false: there are too many, which is reported, or no memory. */
bool planner_unfold(struct planner *m);

/* ---- matrix.c ---- */
/* How many instances a job has; more than limits->matrix of them are reported and 0. */
uint32_t matrix_instances(struct planner *m, const struct job *job);
/* Fills the job's instances: name, node_index, node_total, matrix. */
bool matrix_unfold(struct planner *m, const struct job *job, struct plan_job *first, uint32_t count);

/* ---- rules.c, only.c ---- */
/* Evaluates rules; the rule that matches first, or NULL; *at_index counts from 1. */
const struct rule *rules_match(struct planner *m, const struct rules *rules, const struct scope *scope, uint32_t *at_index);
/* "rule 2 matched: if $X", in the plan's arena. */
const char *rules_reason(struct planner *m, const struct rule *rule, uint32_t at_index);
/* Fills what rules, only and except decide: included, when, allow_failure, rule, decision, interruptible. */
bool rules_decide(struct planner *m, struct plan_job *job);
/* only/except: is the job in?  Sets the decision. */
bool only_decide(struct planner *m, const struct job *job, const struct scope *scope, struct decision *decision);

/* ---- world.c: each question is asked once ---- */
bool world_exists(struct planner *m, const struct rule *rule, const struct scope *scope);
bool world_changes(struct planner *m, const text_list *globs, const char *compare_to, struct mark at, const struct scope *scope);

/* ---- needs.c, order.c ---- */
bool needs_resolve(struct planner *m);
/* Rings are reported; fills plan->order. */
bool order_jobs(struct planner *m);

/* ---- select.c ---- */
/* PIPE_OK, PIPE_ENOTFOUND, PIPE_ENOMEM. */
int select_jobs(struct planner *m);
/* The instances that a name means: a job's name all of its instances, an instance's name that one, also with the spelling of
 * gitlab-ci-local ("job: [a,b]", "job: [1/3]").  0: none. */
uint32_t plan_find(const struct plan *plan, const uint32_t *first, const uint32_t *instances, const char *name, uint32_t *at);

/* ---- scope.c ---- */
/* The predefined variables that are a job's own. */
bool scope_own(const struct plan *plan, const struct plan_job *job, struct arena *a, struct variables *own);

/* ---- slug.c ---- */
/* CI_JOB_NAME_SLUG: at most 63 characters a-z 0-9 -. */
char *slug_name(struct arena *a, const char *text);
/* CI_ENVIRONMENT_SLUG, as GitLab makes it. */
char *slug_environment(struct arena *a, const char *name);

#endif
