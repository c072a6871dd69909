/* Shared by the rooms that resolve needs: needs.c, needs_selector.c (needs:parallel:matrix), needs_artifacts.c (dependencies). */
#ifndef PIPELINE_NEEDS_H
#define PIPELINE_NEEDS_H

#include "pipeline/plan/planner.h"

struct resolver {
	struct planner *m;
	struct plan_job *job;
	const struct needs *source;
	VEC(struct plan_need) found; /* of this job, in temp memory that the next one uses again */
	VEC(uint32_t) artifacts;
	uint32_t *stamp;				    /* by instance: 1 + the position in found, when `owner` is this job */
	uint32_t *owner;				    /* by instance: 1 + the job that stamped it */
	const struct plan_job *last_needs, *last_artifacts; /* whose lists may be shared */
};

/* The instances that a name means, from *at on; 0: none. */
uint32_t needs_find(const struct resolver *r, const char *name, uint32_t *at);
/* Says that there is no such job, with the nearest name; what: "needs", "takes artifacts of". */
void needs_unknown(struct resolver *r, const struct need *n, const char *what);
/* Refuses the job itself and jobs of later stages. */
bool needs_reachable(struct resolver *r, const struct need *n, uint32_t at, uint32_t count);
/* One instance that a need means.  false: enough was said, or no memory. */
bool needs_instance(struct resolver *r, const struct need *n, uint32_t at);
/* The instances that the need's selector chooses. */
void needs_selected(struct resolver *r, const struct need *n, uint32_t at, uint32_t count);
/* Whose artifacts the job takes.  false: no memory. */
bool needs_artifacts(struct resolver *r);

#endif
