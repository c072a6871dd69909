/* What is surely not meant, job by job.  Values that jobs share are looked at for each of them: the same place is reported once. */
#include "pipeline/lint/lint.h"
#include "base/suggest.h"

#include <string.h>

/* ---- rules ---- */

static bool is_unconditional(const struct rule *r)
{
	return !r->condition && !r->has_changes && !r->has_exists && !r->lua;
}

static void lint_rules(const struct job *job, struct diagnostics *d)
{
	const struct rules *rules = job->rules;
	bool ever = false;
	uint32_t i;

	if (!rules || !rules->list.count)
		return;
	for (i = 0; i < rules->list.count; i++) {
		ever |= rules->list.items[i].when != WHEN_NEVER;
		if (is_unconditional(&rules->list.items[i]))
			break;
	}
	if (!ever)
		diag_warning(d, rules->at, "never-runs", "no rule can ever put \"%s\" into the pipeline", job->name);
	if (i + 1 >= rules->list.count)
		return;
	diag_warning(d, rules->list.items[i + 1].at, "unreachable-rule", "this rule can never match");
	diag_related(d, rules->list.items[i].at, "this one before it always does");
}

/* ---- needs ---- */

static bool has_artifacts(const struct job *job)
{
	const struct artifacts *a = job->settings->artifacts;

	return a && (a->paths.count || a->untracked || a->reports.count);
}

static void lint_need(const struct pipeline *p, const struct need *n, struct diagnostics *d)
{
	const struct job *from = n->job && n->artifacts_given && !n->elsewhere ? pipeline_job(p, n->job) : NULL;

	if (!from || from->settings->trigger || has_artifacts(from))
		return;
	diag_warning(d, n->at, "no-artifacts", "\"%s\" has no artifacts to take", n->job);
	diag_related(d, from->at, "\"%s\" is defined here", n->job);
}

static bool is_plain(const struct need *n)
{
	return n->job && !n->matrix && !n->elsewhere;
}

static void need_twice(const struct need *first, const struct need *again, struct diagnostics *d)
{
	diag_warning(d, again->at, "need-twice", "\"%s\" is needed twice", again->job);
	diag_related(d, first->at, "here, too");
}

/* Few needs are compared with one another, many are put into a map. */
static void lint_duplicates(const struct needs *needs, struct diagnostics *d)
{
	enum { FEW = 8 };
	struct map seen = MAP_INIT;

	for (uint32_t i = 0; needs && i < needs->list.count; i++) {
		struct need *n = &needs->list.items[i];
		struct need *before = NULL;

		if (!is_plain(n))
			continue;
		if (needs->list.count > FEW)
			before = map_get(&seen, n->job, strlen(n->job));
		for (uint32_t k = 0; needs->list.count <= FEW && k < i && !before; k++)
			if (is_plain(&needs->list.items[k]) && !strcmp(needs->list.items[k].job, n->job))
				before = &needs->list.items[k];
		if (before)
			need_twice(before, n, d);
		else if (needs->list.count > FEW && !map_put(&seen, d->arena, n->job, strlen(n->job), n))
			d->nomem = true;
	}
}

static void lint_needs(const struct pipeline *p, const struct job *job, struct diagnostics *d)
{
	for (uint32_t i = 0; job->needs && i < job->needs->list.count; i++)
		lint_need(p, &job->needs->list.items[i], d);
	lint_duplicates(job->needs, d);
	for (uint32_t i = 0; job->rules && i < job->rules->list.count; i++)
		lint_duplicates(job->rules->list.items[i].needs, d);
}

/* ---- artifacts, cache, environment ---- */

static void lint_kept(const struct job *job, struct diagnostics *d)
{
	if (job->settings->artifacts && !has_artifacts(job)) {
		diag_warning(d, job->settings->artifacts->at, "empty-artifacts", "these artifacts hold nothing");
		diag_hint(d, "add \"paths\", \"untracked\" or \"reports\"");
	}
	for (uint32_t i = 0; i < job->settings->caches.count; i++) {
		const struct cache *c = &job->settings->caches.items[i];
		if (c->paths.count || c->untracked)
			continue;
		diag_warning(d, c->at, "empty-cache", "this cache holds nothing");
		diag_hint(d, "add \"paths\" or \"untracked\"");
	}
}

/* https://docs.gitlab.com/ci/yaml/#environmenton_stop: the other job is of the same environment, and stops it. */
static void lint_stop_job(const struct job *job, const struct job *stop, struct diagnostics *d)
{
	const struct environment *mine = job->settings->environment, *its = stop->settings->environment;
	const struct node *at = node_get(node_get(job->node, "environment"), "on_stop");
	const char *wrong = NULL;

	if (!its || !its->name)
		wrong = "has no environment";
	else if (mine->name && strcmp(mine->name, its->name))
		wrong = "has another environment";
	else if (!its->action || strcmp(its->action, "stop"))
		wrong = "does not say \"action: stop\"";
	if (!wrong)
		return;
	diag_error(d, at ? at->at : mine->at, "environment-stop", "\"%s\" is to stop this environment, and %s", stop->name,
		   wrong);
	diag_hint(d, "give it the same \"environment:name\" and \"environment:action: stop\"");
	diag_related(d, its ? its->at : stop->at, "\"%s\" is here", stop->name);
}

static void lint_environment(const struct pipeline *p, const struct job *job, struct diagnostics *d)
{
	const struct environment *e = job->settings->environment;
	const struct job *stop = e && e->on_stop ? pipeline_job(p, e->on_stop) : NULL;
	const struct node *at;
	struct suggest s;

	if (stop)
		lint_stop_job(job, stop, d);
	if (!e || !e->on_stop || stop)
		return;
	at = node_get(node_get(job->node, "environment"), "on_stop");
	diag_error(d, at ? at->at : e->at, "unknown-job", "the environment is stopped by \"%s\", and there is no such job",
		   e->on_stop);
	suggest_init(&s, e->on_stop);
	for (uint32_t i = 0; i < p->jobs.count; i++)
		suggest_offer(&s, p->jobs.items[i].name);
	if (s.best)
		diag_hint(d, "did you mean \"%s\"?", s.best);
}

/* ---- the top level ---- */

static void lint_global(const struct pipeline *p, struct diagnostics *d)
{
	static const char *const moved[] = { "image", "services", "cache", "before_script", "after_script" };

	for (size_t i = 0; p->root && p->root->kind == NODE_MAP && i < sizeof(moved) / sizeof(*moved); i++) {
		const struct pair *pair = node_pair(p->root, moved[i]);
		if (!pair)
			continue;
		diag_warning(d, pair->key->at, "deprecated-keyword", "\"%s\" at the top level is deprecated", moved[i]);
		diag_hint(d, "put it into \"default:\"");
	}
}

/* ---- Lua ---- */

static bool any_rule_in_lua(const struct rules *rules)
{
	for (uint32_t i = 0; rules && i < rules->list.count; i++)
		if (rules->list.items[i].lua)
			return true;
	return false;
}

static bool is_lua_file(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 4, ".lua");
}

static bool any_lua(const struct pipeline *p, const struct diagnostics *d)
{
	if (p->hooks || p->lua_texts.list.count || any_rule_in_lua(p->workflow.rules))
		return true;
	for (uint32_t i = 0; d->sources && i < d->sources->list.count; i++)
		if (is_lua_file(d->sources->list.items[i].name))
			return true;
	for (uint32_t i = 0; i < p->jobs.count; i++)
		if (p->jobs.items[i].settings->hooks || any_rule_in_lua(p->jobs.items[i].rules))
			return true;
	return false;
}

/* Events of a run that no job has, and the one that no hook gets. */
static bool never_comes(const char *event, bool of_job)
{
	return !strcmp(event, "log") || (of_job && (!strcmp(event, "run_started") || !strcmp(event, "run_finished")));
}

static void lint_hooks(const struct hooks *hooks, bool of_job, struct diagnostics *d)
{
	for (uint32_t i = 0; hooks && i < hooks->list.count; i++) {
		const struct hook *h = &hooks->list.items[i];
		uint32_t never = 0;

		while (never < h->events.count && never_comes(h->events.items[never], of_job))
			never++;
		if (!never || never < h->events.count)
			continue;
		diag_warning(d, h->code.at, "hook-never", "this hook is never called: %s has no event \"%s\" for it",
			     of_job ? "a job" : "a run", h->events.items[0]);
	}
}

/* What starts another pipeline has no place to run, and none of its hooks. */
static void lint_trigger_hooks(const struct job *job, struct diagnostics *d)
{
	const struct hooks *hooks = job->settings->trigger ? job->settings->hooks : NULL;

	for (uint32_t i = 0; hooks && i < hooks->list.count; i++) {
		diag_warning(d, hooks->list.items[i].code.at, "hook-never",
			     "this hook is never called: \"%s\" starts another pipeline, and does nothing itself", job->name);
		diag_hint(d, "put it into the jobs of that pipeline, or at its top level");
	}
}

static void lint_lua(const struct pipeline *p, struct diagnostics *d)
{
	lint_hooks(p->hooks, false, d);
	if (!p->lua || any_lua(p, d))
		return;
	diag_warning(d, p->lua->at, "lua-unused", "\"lua\" is about scripts, and there are none in this pipeline");
	diag_hint(d, "leave it out, or write a hook, a gate or a rule in Lua");
}

void lint_pipeline(const struct pipeline *p, const struct scope *known, struct diagnostics *d)
{
	lint_global(p, d);
	lint_lua(p, d);
	for (uint32_t i = 0; i < p->jobs.count; i++) {
		const struct job *job = &p->jobs.items[i];

		lint_rules(job, d);
		lint_needs(p, job, d);
		lint_kept(job, d);
		lint_environment(p, job, d);
		lint_hooks(job->settings->hooks, true, d);
		lint_trigger_hooks(job, d);
	}
	lint_variables(p, known, d);
}
