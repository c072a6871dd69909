/*
 * What can be said about the needs of a pipeline that has errors: all jobs are taken as they are, whatever their rules say, and only
 * what is wrong in any case is passed on.
 */
#include "pipeline/limits.h"
#include "pipeline/plan/planner.h"

#include <string.h>

static const struct {
	const char *code;
	const char *hidden_by; /* a fault that makes this one doubtful; or NULL */
} certain[] = {
	{ "needs-unknown", NULL },
	{ "needs-self", NULL },
	{ "needs-later-stage", "unknown-stage" },
	{ "needs-cycle", NULL },
};
enum { CERTAIN = sizeof(certain) / sizeof(*certain) };

static bool has_code(const struct diagnostics *d, const char *code)
{
	for (uint32_t i = 0; i < d->list.count; i++)
		if (!strcmp(d->list.items[i].code, code))
			return true;
	return false;
}

static void pass_on(const struct diagnostics *from, struct diagnostics *to)
{
	bool doubtful[CERTAIN];

	for (size_t k = 0; k < CERTAIN; k++)
		doubtful[k] = certain[k].hidden_by && has_code(to, certain[k].hidden_by);
	for (uint32_t i = 0; i < from->list.count; i++) {
		const struct diagnostic *one = &from->list.items[i];
		size_t k = 0;

		while (k < CERTAIN && strcmp(certain[k].code, one->code) != 0)
			k++;
		if (k == CERTAIN || doubtful[k])
			continue;
		diag_copy(to, one);
	}
}

static bool resolve(struct planner *m)
{
	if (!planner_unfold(m))
		return false;
	for (uint32_t i = 0; i < m->plan->jobs.count; i++) {
		struct plan_job *job = &m->plan->jobs.items[i];
		job->included = true;
		m->needs[i] = job->job->needs;
	}
	return needs_resolve(m) && order_jobs(m);
}

int plan_names(const struct pipeline *p, struct arena *a, const pipe_limits *limits, struct diagnostics *d)
{
	struct diagnostics found;
	struct plan_options o = { .limits = *limits };
	struct plan plan = { .pipeline = p, .options = &o };
	struct planner m = { .plan = &plan, .a = a, .p = p, .o = &o, .d = &found, .names_only = true };

	limits_default(&o.limits);
	diagnostics_init(&found, a, d->sources);
	resolve(&m);
	arena_clear(&m.temp);
	arena_clear(&m.scratch);
	pass_on(&found, d);
	d->nomem = d->nomem || found.nomem;
	return d->nomem ? PIPE_ENOMEM : PIPE_OK;
}
