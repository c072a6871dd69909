/* uses: smoke, between its files: smoke.c has the parameters and the verdict, smoke_check.c makes a probe of a check. */
#ifndef STAGES_SMOKE_SMOKE_H
#define STAGES_SMOKE_SMOKE_H

#include "stages/probe_check.h"
#include "stages/stage.h"

enum { SMOKE_REQUESTS_MAX = 10000 };

/* What a check asks: the parameter that names it, and its kind. */
struct smoke_target {
	const char *name;
	enum probe_kind kind;
};
extern const struct smoke_target smoke_targets[]; /* ended by one without a name */

/* A step for a check. */
int smoke_add_check(struct stage_job *job, const struct node *map, pipe_error *err);
/* What the table cannot say of one. */
void smoke_check_lint(const struct node *map, struct diagnostics *d);

#endif
