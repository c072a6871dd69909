/* Whose artifacts a job takes: what `dependencies` name, otherwise what it needs, otherwise all of the earlier stages. */
#include "pipeline/plan/needs.h"

#include <string.h>

static bool take_artifacts(struct resolver *r, uint32_t from)
{
	uint32_t *at = vec_push(&r->m->temp, &r->artifacts);

	if (!at)
		return planner_nomem(r->m);
	*at = from;
	return true;
}

static bool keep_artifacts(struct resolver *r)
{
	struct plan_job *job = r->job;
	size_t bytes = r->artifacts.count * sizeof(*r->artifacts.items);
	const struct plan_job *last = r->last_artifacts;

	job->artifacts_from.count = job->artifacts_from.capacity = r->artifacts.count;
	if (!bytes)
		return true;
	if (last && last->artifacts_from.count == r->artifacts.count &&
	    !memcmp(last->artifacts_from.items, r->artifacts.items, bytes)) {
		job->artifacts_from.items = last->artifacts_from.items;
		return true;
	}
	job->artifacts_from.items = ARENA_ARRAY(r->m->a, uint32_t, r->artifacts.count);
	if (!job->artifacts_from.items)
		return planner_nomem(r->m);
	memcpy(job->artifacts_from.items, r->artifacts.items, bytes);
	r->last_artifacts = job;
	return true;
}

/* One instance of a dependency: it must be waited for, and is taken from if this pipeline has it. */
static bool depend_on(struct resolver *r, const struct need *n, uint32_t target)
{
	const struct plan_job *from = &r->m->plan->jobs.items[target];

	if (!from->included)
		return true;
	if (r->source && r->owner[target] != r->job->index + 1) {
		diag_error(r->m->d, n->at, "dependencies-outside-needs",
			   "\"%s\" takes artifacts of \"%s\", which it does not need", r->job->job->name, from->job->name);
		diag_hint(r->m->d, "add \"%s\" to \"needs\"", from->job->name);
		return true;
	}
	if (r->source && !r->found.items[r->stamp[target] - 1].artifacts)
		return true;
	return take_artifacts(r, target);
}

static bool resolve_dependency(struct resolver *r, const struct need *n)
{
	uint32_t at = 0, count = n->job ? needs_find(r, n->job, &at) : 0;
	const struct plan_job *from;

	if (!n->job || n->elsewhere)
		return true;
	if (!count) {
		if (!n->optional)
			needs_unknown(r, n, "takes artifacts of");
		return true;
	}
	from = &r->m->plan->jobs.items[at];
	if (!needs_reachable(r, n, at, count))
		return true;
	if (from->stage == r->job->stage && !r->source) {
		diag_error(r->m->d, n->at, "dependencies-same-stage",
			   "\"%s\" takes artifacts of \"%s\", which runs at the same time", r->job->job->name, from->job->name);
		diag_hint(r->m->d, "add it to \"needs\", or put it into an earlier stage");
		return true;
	}
	if (from->included && !from->job->settings->artifacts) {
		diag_warning(r->m->d, n->at, "no-artifacts", "\"%s\" has no artifacts to take", from->job->name);
		diag_related(r->m->d, from->job->at, "\"%s\" is defined here", from->job->name);
	}
	for (uint32_t i = at; i < at + count; i++)
		if (!depend_on(r, n, i))
			return false;
	return true;
}

bool needs_artifacts(struct resolver *r)
{
	const struct needs *dependencies = r->job->job->settings->dependencies;

	r->artifacts.count = 0;
	r->job->artifacts_from_stages = !r->source && !dependencies;
	if (r->job->artifacts_from_stages)
		return true;
	for (uint32_t i = 0; dependencies && i < dependencies->list.count; i++)
		if (!resolve_dependency(r, &dependencies->list.items[i]))
			return false;
	for (uint32_t i = 0; !dependencies && i < r->found.count; i++)
		if (r->found.items[i].artifacts && !take_artifacts(r, r->found.items[i].job))
			return false;
	return keep_artifacts(r);
}
