/* uses: policy, between its files: policy.c has the parameters, what is judged and the verdict; judge.c the tools. */
#ifndef STAGES_POLICY_POLICY_H
#define STAGES_POLICY_POLICY_H

#include "stages/argv.h"
#include "stages/findings.h"

struct policy;

/* One tool. */
struct judge {
	const char *name;
	struct stage_tool tool;
	const char *format, *report; /* of what it writes, in the scratch directory; NULL: not */
	int broken;		     /* this exit status and those above it: it did not work */
	const char *counted;	     /* metric: how much it judged; NULL: it does not say */
	const char *summary;	/* a report beside it, of the format called like the tool, that says so; NULL: there is none */
	bool from_inside;	/* it names what was rendered from there on */
	const char *not_judged; /* rule of what it could not judge; NULL: none */
	int (*command)(struct stage_job *job, struct policy *p, pipe_error *err);
};

struct policy {
	struct findings_bound bound;
	const struct judge *judge;
	const char *rendered;	      /* absolute: a directory of manifests; NULL: they lie in the workspace */
	const char *const *manifests; /* files and directories that are judged */
	const char *const *only, *const *skip, *const *args;
	uint32_t judged; /* step that judges */
	const char *first;
};

/* A row of judge.c; NULL: there is no such tool. */
const struct judge *policy_judge_named(const char *name);
/* The path of the report that p->judge writes; NULL: no memory. */
const char *policy_report(struct stage_job *job, const struct policy *p);

#endif
