/*
 * Who waits for whom.  The needs of a job (or of the rule that put it in) become edges between instances.  Only what jobs of this
 * pipeline ask for can be wrong.  Lists that are equal to the one before are shared: jobs of a stage mostly need the same.
 */
#include "pipeline/plan/needs.h"

#include "pipeline/limits.h"

#include <string.h>

/* The instances that a name means. */
uint32_t needs_find(const struct resolver *r, const char *name, uint32_t *at)
{
	return plan_find(r->m->plan, r->m->first, r->m->instances, name, at);
}

static void excluded(struct resolver *r, const struct need *n, const struct plan_job *target)
{
	struct diagnostics *d = r->m->d;

	diag_error(d, n->at, "needs-excluded", "\"%s\" needs \"%s\", which is not in this pipeline", r->job->name, target->name);
	diag_hint(d, "give both jobs the same rules, or write {job: \"%s\", optional: true}", n->job);
	diag_related(d, target->decision.at.line ? target->decision.at : target->job->at, "\"%s\": %s", target->name,
		     target->decision.reason);
}

static bool add_need(struct resolver *r, uint32_t target, bool artifacts)
{
	struct plan_need *n;

	if (r->owner[target] == r->job->index + 1) {
		r->found.items[r->stamp[target] - 1].artifacts |= artifacts;
		return true;
	}
	n = vec_push(&r->m->temp, &r->found);
	if (!n)
		return planner_nomem(r->m);
	*n = (struct plan_need){ target, artifacts };
	r->owner[target] = r->job->index + 1;
	r->stamp[target] = r->found.count;
	return true;
}

void needs_unknown(struct resolver *r, const struct need *n, const char *what)
{
	struct planner *m = r->m;

	if (m->names_only && node_pair(m->p->root, n->job))
		return; /* what stands there is no job, which was reported */
	diag_error(m->d, n->at, "needs-unknown", "\"%s\" %s \"%s\", and there is no such job", r->job->job->name, what, n->job);
	if (*n->job == '.')
		diag_hint(m->d, "a name with a leading dot is a template, not a job");
	else
		planner_suggest_job(m, n->job);
}

/* Refuses what can never be waited for. */
bool needs_reachable(struct resolver *r, const struct need *n, uint32_t at, uint32_t count)
{
	const struct plan_job *job = r->job, *target = &r->m->plan->jobs.items[at];
	const struct pipeline *p = r->m->p;

	if (job->index >= at && job->index < at + count && !(n->matrix && target->job == job->job)) {
		diag_error(r->m->d, n->at, "needs-self", "\"%s\" needs itself", job->name);
		return false;
	}
	if (target->stage <= job->stage)
		return true;
	diag_error(r->m->d, n->at, "needs-later-stage", "\"%s\" of stage \"%s\" needs \"%s\" of the later stage \"%s\"",
		   job->job->name, p->stages.items[job->stage].name, target->job->name, p->stages.items[target->stage].name);
	diag_related(r->m->d, target->job->stage_at, "\"%s\" is in stage \"%s\"", target->job->name,
		     p->stages.items[target->stage].name);
	return false;
}

/* One instance that a need means.  false: enough was said, or no memory. */
bool needs_instance(struct resolver *r, const struct need *n, uint32_t at)
{
	const struct plan_job *target = &r->m->plan->jobs.items[at];

	if (at == r->job->index) {
		diag_error(r->m->d, n->at, "needs-self", "\"%s\" needs itself", r->job->name);
		return false;
	}
	if (target->included)
		return add_need(r, at, n->artifacts);
	if (n->optional)
		return true;
	excluded(r, n, target);
	return false;
}

static bool resolve_need(struct resolver *r, const struct need *n)
{
	uint32_t at = 0, count;

	if (!n->job || n->elsewhere)
		return true;
	count = needs_find(r, n->job, &at);
	if (!count) {
		if (!n->optional)
			needs_unknown(r, n, "needs");
		return true;
	}
	if (!needs_reachable(r, n, at, count))
		return true;
	if (n->matrix && !r->m->plan->jobs.items[at].matrix) {
		if (!n->optional)
			diag_error(r->m->d, n->at, "needs-matrix", "\"%s\" has no parallel:matrix to choose from", n->job);
		return true;
	}
	if (n->matrix) {
		needs_selected(r, n, at, count);
		return !r->m->d->nomem && r->m->selections <= PLAN_SELECTIONS_MOST;
	}
	for (uint32_t i = at; i < at + count; i++)
		if (!needs_instance(r, n, i))
			break;
	return !r->m->d->nomem;
}

static bool keep_needs(struct resolver *r)
{
	struct plan_job *job = r->job;
	size_t bytes = r->found.count * sizeof(*r->found.items);
	const struct plan_job *last = r->last_needs;

	job->needs.count = job->needs.capacity = r->found.count;
	if (!bytes)
		return true;
	if (last && last->needs.count == r->found.count && !memcmp(last->needs.items, r->found.items, bytes)) {
		job->needs.items = last->needs.items;
		return true;
	}
	job->needs.items = ARENA_ARRAY(r->m->a, struct plan_need, r->found.count);
	if (!job->needs.items)
		return planner_nomem(r->m);
	memcpy(job->needs.items, r->found.items, bytes);
	r->last_needs = job;
	return true;
}

static bool resolve_needs(struct resolver *r)
{
	struct planner *m = r->m;

	r->found.count = 0;
	r->job->waits_for_stages = !r->source;
	if (!r->source)
		return true;
	if (r->source->list.count > LIMIT_NEEDS) {
		diag_error(m->d, r->source->at, "needs-limit", "\"%s\" names more than %d needs", r->job->job->name, LIMIT_NEEDS);
		return true;
	}
	for (uint32_t i = 0; i < r->source->list.count; i++)
		if (!resolve_need(r, &r->source->list.items[i]))
			return false;
	m->edges += r->found.count;
	if (m->edges > PLAN_EDGES_MOST) {
		diag_error(m->d, r->source->at, "needs-limit", "the jobs of this pipeline have too many needs");
		diag_hint(m->d, "a job without \"needs\" waits for all jobs of the earlier stages");
		return false;
	}
	return keep_needs(r);
}

/* ---- all jobs ---- */

/* Instances of one job need the same unless a selector says matrix.X. */
static bool same_for_all(const struct resolver *r)
{
	for (uint32_t i = 0; r->source && i < r->source->list.count; i++)
		if (r->source->list.items[i].matrix)
			return false;
	return true;
}

/* Takes over what the instance before found. */
static bool copy_before(struct resolver *r)
{
	struct plan_job *job = r->job;
	const struct plan_job *before = job - 1;

	if (!job->index || before->job != job->job || !before->included || r->m->needs[before->index] != r->source ||
	    !same_for_all(r))
		return false;
	job->waits_for_stages = before->waits_for_stages;
	job->needs = before->needs;
	job->artifacts_from_stages = before->artifacts_from_stages;
	job->artifacts_from = before->artifacts_from;
	r->m->edges += job->needs.count;
	return true;
}

/* What an excluded job needs is not looked at closely, but a name that is nowhere is surely not meant. */
static void look_at_excluded(struct resolver *r)
{
	const struct needs *needs = r->job->job->needs;
	uint32_t at;

	for (uint32_t i = 0; needs && i < needs->list.count; i++) {
		const struct need *n = &needs->list.items[i];
		if (!n->job || n->elsewhere || n->optional || needs_find(r, n->job, &at))
			continue;
		diag_warning(r->m->d, n->at, "needs-unknown", "\"%s\" needs \"%s\", and there is no such job", r->job->job->name,
			     n->job);
		planner_suggest_job(r->m, n->job);
	}
}

bool needs_resolve(struct planner *m)
{
	struct plan *plan = m->plan;
	struct resolver r = { .m = m };

	r.stamp = ARENA_ARRAY(&m->temp, uint32_t, (size_t)plan->jobs.count + 1);
	r.owner = ARENA_ARRAY(&m->temp, uint32_t, (size_t)plan->jobs.count + 1);
	if (!r.stamp || !r.owner)
		return planner_nomem(m);
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		r.job = &plan->jobs.items[i];
		r.source = m->needs[i];
		if (!r.job->included)
			look_at_excluded(&r);
		else if (!copy_before(&r) && (!resolve_needs(&r) || !needs_artifacts(&r)))
			return false;
	}
	return true;
}
