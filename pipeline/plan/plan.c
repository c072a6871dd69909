/*
 * The whole way from model to plan: workflow, unfolding, rules, needs, rings, selection.  Every step is linear in what it looks at.
 * Errors do not stop the steps that can still say something true: a file's errors come all at once.
 */
#include "pipeline/plan/plan.h"

#include "base/error.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "pipeline/limits.h"
#include "pipeline/plan/planner.h"

#include <string.h>

enum {
	SCRATCH_MOST = 64 * 1024,
	NAME_MOST = 255, /* characters of an environment's name and of workflow:name, as on GitLab */
	TEXT_MOST = 4096 /* bytes of other expanded texts that each instance keeps */
};

struct arena *planner_scratch(struct planner *m)
{
	if (m->scratch.used > SCRATCH_MOST)
		arena_clear(&m->scratch);
	return &m->scratch;
}

bool planner_nomem(struct planner *m)
{
	m->d->nomem = true;
	return false;
}

const char *planner_expand(struct planner *m, const struct scope *scope, const char *text, struct mark at)
{
	bool failed = false;
	const char *out = scope_expand(scope, text, m->a, &failed);

	if (failed || (out && strlen(out) > TEXT_MOST)) {
		diag_error(m->d, at, "variable-limit", "this text grows too large when its variables are expanded");
		diag_hint(m->d, "values that name each other multiply: shorten them, or mark one with expand: false");
		m->faults++;
		return NULL;
	}
	return out;
}

bool planner_suggest_job(struct planner *m, const char *name)
{
	struct suggest s;

	if (++m->searches > PLAN_SEARCHES_MOST)
		return false;
	suggest_init(&s, name);
	for (uint32_t i = 0; i < m->p->jobs.count; i++)
		suggest_offer(&s, m->p->jobs.items[i].name);
	if (s.best)
		diag_hint(m->d, "did you mean \"%s\"?", s.best);
	return s.best != NULL;
}

/* ---- workflow ---- */

static const char *workflow_name(struct planner *m, const struct scope *scope)
{
	const char *name = m->p->workflow.name;
	size_t bytes = 0;
	uint32_t code;

	name = name ? planner_expand(m, scope, name, MARK_NONE) : NULL;
	if (!name)
		return "";
	for (unsigned n = 0; n < NAME_MOST && name[bytes]; n++)
		bytes += utf8_decode(name + bytes, strlen(name + bytes), &code);
	name = name[bytes] ? arena_strndup(m->a, name, bytes) : name;
	return name ? name : "";
}

/* "workflow:rules: rule 1 keeps it out" */
static const char *workflow_reason(struct planner *m, const char *reason)
{
	const char *text = arena_printf(m->a, "workflow:rules: %s", reason);

	if (!text)
		planner_nomem(m);
	return text ? text : reason;
}

static void decide_workflow(struct planner *m)
{
	struct plan *plan = m->plan;
	const struct rules *rules = m->p->workflow.rules;
	struct scope scope = { .unset = m->o->unset };
	const struct rule *rule;
	uint32_t at_index;

	scope_push(&scope, m->o->predefined);
	scope_push(&scope, &m->p->variables);
	scope_push(&scope, m->o->pipeline);
	plan->runs = true;
	plan->workflow = (struct decision){ MARK_NONE, "there are no workflow:rules" };
	if (rules) {
		rule = rules_match(m, rules, &scope, &at_index);
		plan->runs = rule && rule->when != WHEN_NEVER;
		plan->workflow = (struct decision){ rules->at, "workflow:rules: no rule matched" };
		if (rule)
			plan->workflow = (struct decision){ rule->at, workflow_reason(m, rules_reason(m, rule, at_index)) };
		if (rule && rule->variables.list.count)
			plan->workflow_variables = &rule->variables;
	}
	if (plan->workflow_variables) {
		scope.count = 0;
		scope_push(&scope, m->o->predefined);
		scope_push(&scope, &m->p->variables);
		scope_push(&scope, plan->workflow_variables);
		scope_push(&scope, m->o->pipeline);
	}
	plan->name = workflow_name(m, &scope);
}

/* ---- instances ---- */

/* Where each job's instances begin: jobs by stage, then in the order of the file.  Returns how many there are, or -1. */
static int64_t lay_out(struct planner *m)
{
	uint32_t jobs = m->p->jobs.count, stages = m->p->stages.count;
	uint32_t *next = ARENA_ARRAY(&m->temp, uint32_t, (size_t)stages + 1);
	uint64_t total = 0;

	m->first = ARENA_ARRAY(m->a, uint32_t, (size_t)jobs + 1);
	m->instances = ARENA_ARRAY(&m->temp, uint32_t, (size_t)jobs + 1);
	m->plan->first = m->first;
	if (!next || !m->first || !m->instances) {
		planner_nomem(m);
		return -1;
	}
	for (uint32_t i = 0; i < jobs; i++) {
		const struct job *job = &m->p->jobs.items[i];
		m->instances[i] = matrix_instances(m, job);
		total += m->instances[i];
		if (total > m->o->limits.jobs) {
			diag_error(m->d, job->at, "jobs-limit", "there are more than %u jobs", m->o->limits.jobs);
			diag_hint(m->d, "split the pipeline, or raise the limit \"jobs\"");
			return -1;
		}
		next[job->stage + 1] += m->instances[i];
	}
	for (uint32_t s = 0; s < stages; s++)
		next[s + 1] += next[s];
	for (uint32_t i = 0; i < jobs; i++) {
		m->first[i] = next[m->p->jobs.items[i].stage];
		next[m->p->jobs.items[i].stage] += m->instances[i];
	}
	return (int64_t)total;
}

static void two_of_a_name(struct planner *m, const struct plan_job *one, const struct plan_job *other)
{
	const struct plan_job *later = one->index > other->index ? one : other;

	diag_error(m->d, later->job->at, "duplicate-job", "there are two jobs named \"%s\"", later->name);
	diag_related(m->d, (later == one ? other : one)->job->at, "the other one comes from here");
}

/* Names that were written are unique, being keys of a map; names that were made need not be. */
static bool name_jobs(struct planner *m)
{
	struct plan *plan = m->plan;
	uint32_t made = 0;

	for (uint32_t i = 0; i < plan->jobs.count; i++)
		made += plan->jobs.items[i].name != plan->jobs.items[i].job->name;
	if (made && !map_reserve(&plan->unfolded, m->a, made))
		return planner_nomem(m);
	for (uint32_t i = 0; i < plan->jobs.count && made; i++) {
		struct plan_job *job = &plan->jobs.items[i];
		const struct plan_job *other;
		size_t length;
		if (job->name == job->job->name)
			continue;
		length = strlen(job->name);
		other = plan_job_named(plan, job->name, length);
		if (other)
			two_of_a_name(m, job, other);
		else if (!map_put(&plan->unfolded, m->a, job->name, length, job))
			return planner_nomem(m);
		if (m->d->errors > LIMIT_DIAGNOSTICS)
			return false;
	}
	return true;
}

bool planner_unfold(struct planner *m)
{
	struct plan *plan = m->plan;
	int64_t total = lay_out(m);

	if (total < 0)
		return false;
	plan->jobs.items = ARENA_ARRAY(m->a, struct plan_job, (size_t)total + 1);
	m->needs = ARENA_ARRAY(&m->temp, const struct needs *, (size_t)total + 1);
	if (!plan->jobs.items || !m->needs)
		return planner_nomem(m);
	plan->jobs.count = plan->jobs.capacity = (uint32_t)total;
	for (uint32_t i = 0; i < m->p->jobs.count; i++) {
		const struct job *job = &m->p->jobs.items[i];
		struct plan_job *first = &plan->jobs.items[m->first[i]];
		for (uint32_t k = 0; k < m->instances[i]; k++) {
			first[k].job = job;
			first[k].index = m->first[i] + k;
			first[k].stage = job->stage;
		}
		if (m->instances[i] && !matrix_unfold(m, job, first, m->instances[i]))
			return false;
	}
	return name_jobs(m);
}

/* ---- rules ---- */

static struct mark environment_name_at(const struct job *job)
{
	const struct node *n = node_get(job->node, "environment");
	const struct node *name = n && n->kind == NODE_MAP ? node_get(n, "name") : n;

	return name ? name->at : job->settings->environment->at;
}

static void expand_environment(struct planner *m, struct plan_job *job, const struct scope *scope)
{
	const struct environment *e = job->job->settings->environment;
	const char *name = planner_expand(m, scope, e->name, e->at);

	if (!name || !*name)
		return;
	if (utf8_count(name, strlen(name)) > NAME_MOST)
		diag_error(m->d, environment_name_at(job->job), "environment-name",
			   "the environment's name is longer than %d characters", NAME_MOST);
	job->environment_name = name;
}

/* Rules may ask for the environment: its name before rules:variables have a say in it. */
static bool foresee_environment(struct planner *m, struct plan_job *job)
{
	const struct environment *e = job->job->settings->environment;
	struct variables own;
	struct scope scope;

	if (!e || !e->name || !job->job->rules || m->faults >= PLAN_FAULTS_MOST)
		return true;
	if (!plan_job_scope(m->plan, job, NULL, planner_scratch(m), &own, &scope))
		return planner_nomem(m);
	job->environment_name = planner_expand(m, &scope, e->name, e->at);
	if (job->environment_name && !*job->environment_name)
		job->environment_name = NULL;
	return !m->d->nomem;
}

/* The few texts of a job that are known before it starts.  The environment's name comes first: the others may hold it. */
static bool expand_texts(struct planner *m, struct plan_job *job)
{
	const struct job *j = job->job;
	const struct environment *e = j->settings->environment;
	struct variables own;
	struct scope scope;

	if ((!e && !j->settings->resource_group) || m->faults >= PLAN_FAULTS_MOST)
		return true;
	if (!plan_job_scope(m->plan, job, NULL, planner_scratch(m), &own, &scope))
		return planner_nomem(m);
	if (e && e->name) {
		expand_environment(m, job, &scope);
		if (!plan_job_scope(m->plan, job, NULL, planner_scratch(m), &own, &scope))
			return planner_nomem(m);
	}
	if (e && e->url)
		job->environment_url = planner_expand(m, &scope, e->url, e->at);
	if (j->settings->resource_group)
		job->resource_group = planner_expand(m, &scope, j->settings->resource_group, j->at);
	if (job->resource_group && !*job->resource_group)
		job->resource_group = NULL;
	return !m->d->nomem;
}

static bool decide_job(struct planner *m, struct plan_job *job)
{
	unsigned faults = m->faults;

	if (!foresee_environment(m, job) || !rules_decide(m, job))
		return false;
	job->environment_name = NULL;
	/* What was reported already is not said again. */
	return !job->included || m->faults != faults || expand_texts(m, job);
}

static bool decide_jobs(struct planner *m)
{
	struct plan *plan = m->plan;

	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		struct plan_job *job = &plan->jobs.items[i];
		if (plan->runs) {
			if (!decide_job(m, job))
				return false;
			continue;
		}
		job->when = WHEN_NEVER;
		job->decision = plan->workflow;
	}
	if (!m->regex_budget)
		diag_error(m->d, MARK_NONE, "regex-limit", "the patterns of this pipeline's rules need too many steps together");
	return true;
}

/* A pipeline of .pre and .post jobs alone is not made, nor one without jobs. */
static void check_any(struct planner *m)
{
	static const char none[] = "no job is in this pipeline",
			  edges[] = "only .pre and .post jobs are in it, which make no pipeline";
	struct plan *plan = m->plan;
	uint32_t last = m->p->stages.count - 1;
	bool any = false;

	for (uint32_t i = 0; i < plan->jobs.count && plan->runs; i++) {
		const struct plan_job *job = &plan->jobs.items[i];
		any = any || job->included;
		if (job->included && job->stage != 0 && job->stage != last)
			return;
	}
	if (!plan->runs)
		return;
	plan->runs = false;
	plan->workflow = (struct decision){ MARK_NONE, any ? edges : none };
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		struct plan_job *job = &plan->jobs.items[i];
		if (job->included)
			job->decision = plan->workflow;
		job->included = false;
		job->when = WHEN_NEVER;
	}
}

/* ---- all of it ---- */

static int make_all(struct planner *m)
{
	uint32_t before = m->d->errors;
	int rc = PIPE_OK;

	decide_workflow(m);
	if (planner_unfold(m) && decide_jobs(m)) {
		check_any(m);
		if (needs_resolve(m) && m->d->errors == before)
			rc = select_jobs(m);
		if (!rc && !m->d->nomem && !order_jobs(m))
			planner_nomem(m);
	}
	if (m->d->nomem)
		return PIPE_ENOMEM;
	if (rc)
		return rc;
	return m->d->errors == before ? PIPE_OK : PIPE_EPIPELINE;
}

int plan_make(struct plan **out, struct arena *a, const struct pipeline *p, const struct plan_options *options,
	      struct diagnostics *d)
{
	struct planner m = { .a = a, .p = p, .d = d };
	struct plan_options *o = ARENA_NEW(a, struct plan_options);
	int rc;

	*out = NULL;
	m.plan = ARENA_NEW(a, struct plan);
	if (!o || !m.plan)
		return PIPE_ENOMEM;
	*o = *options;
	limits_default(&o->limits);
	m.o = o;
	m.regex_budget = (uint64_t)o->limits.regex_steps * PLAN_REGEX_BUDGETS;
	m.plan->pipeline = p;
	m.plan->options = o;
	m.plan->name = "";
	rc = make_all(&m);
	arena_clear(&m.temp);
	arena_clear(&m.scratch);
	if (rc != PIPE_ENOMEM)
		*out = m.plan;
	return rc;
}
