/* The layers that a job's texts are expanded in, and the predefined variables that are a job's own. */
#include "base/glob.h"
#include "pipeline/plan/planner.h"

#include <string.h>

enum { OWN_MOST = 20, DEFAULT_TIMEOUT_S = 3600 };

static void add(struct variables *v, const char *name, const char *value)
{
	if (value && v->list.count < v->list.capacity)
		v->list.items[v->list.count++] = (struct variable){ .name = name, .value = value, .raw = true };
}

/* By hand: every job with rules has three of them, and printf would take longer than its rules. */
static void add_number(struct variables *v, struct arena *a, const char *name, uint64_t value)
{
	char text[24], *digit = text + sizeof(text) - 1;

	*digit = '\0';
	do
		*--digit = (char)('0' + value % 10);
	while (value /= 10);
	add(v, name, arena_strndup(a, digit, (size_t)(text + sizeof(text) - 1 - digit)));
}

/* What GitLab guesses from an environment's name when the job does not say. */
static const char *guess_tier(const char *name)
{
	static const struct {
		const char *part, *tier;
	} table[] = {
		{ "dev", "development" }, { "review", "development" }, { "trunk", "development" }, { "test", "testing" },
		{ "tst", "testing" },	  { "int", "testing" },	       { "acpt", "testing" },	   { "accept", "testing" },
		{ "qa", "testing" },	  { "qc", "testing" },	       { "control", "testing" },   { "quality", "testing" },
		{ "stag", "staging" },	  { "stg", "staging" },	       { "model", "staging" },	   { "modl", "staging" },
		{ "pre", "staging" },	  { "demo", "staging" },       { "non", "staging" },	   { "prod", "production" },
		{ "prd", "production" },  { "live", "production" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcasestr(name, table[i].part))
			return table[i].tier;
	return "other";
}

static void add_environment(struct variables *v, struct arena *a, const struct plan_job *job)
{
	const struct environment *e = job->job->settings->environment;

	if (!job->environment_name)
		return;
	add(v, "CI_ENVIRONMENT_NAME", job->environment_name);
	add(v, "CI_ENVIRONMENT_SLUG", slug_environment(a, job->environment_name));
	add(v, "CI_ENVIRONMENT_ACTION", e->action ? e->action : "start");
	add(v, "CI_ENVIRONMENT_TIER", e->deployment_tier ? e->deployment_tier : guess_tier(job->environment_name));
	if (!e->url)
		return;
	add(v, "CI_ENVIRONMENT_URL", e->url);
	v->list.items[v->list.count - 1].raw = false; /* may hold what an earlier job reported: known when the job starts */
}

bool scope_own(const struct plan *plan, const struct plan_job *job, struct arena *a, struct variables *own)
{
	const struct job *j = job->job;

	*own = (struct variables){ 0 };
	own->list.items = ARENA_ARRAY(a, struct variable, OWN_MOST);
	own->list.capacity = OWN_MOST;
	if (!own->list.items)
		return false;
	add(own, "CI_JOB_NAME", job->name);
	add(own, "CI_JOB_NAME_SLUG", slug_name(a, job->name));
	add(own, "CI_JOB_GROUP_NAME", j->name);
	add(own, "CI_JOB_STAGE", plan->pipeline->stages.items[job->stage].name);
	add_number(own, a, "CI_JOB_TIMEOUT",
		   j->settings->timeout_ms > 0 ? (uint64_t)j->settings->timeout_ms / 1000 : DEFAULT_TIMEOUT_S);
	if (job->node_index)
		add_number(own, a, "CI_NODE_INDEX", job->node_index);
	add_number(own, a, "CI_NODE_TOTAL", job->node_total);
	if (job->when == WHEN_MANUAL)
		add(own, "CI_JOB_MANUAL", "true");
	add(own, "CI_PIPELINE_NAME", plan->name && *plan->name ? plan->name : NULL);
	add_environment(own, a, job);
	add(own, "CI_JOB_IMAGE", j->settings->image ? j->settings->image->name : NULL);
	if (j->settings->image && j->settings->image->name)
		own->list.items[own->list.count - 1].raw = false; /* holds variables, as every text of the file */
	return true;
}

/* Those of the pipeline's variables (global ones, of workflow:rules) that inherit:variables lets through. */
static bool inherited(const struct variables *from, const text_list *names, struct arena *a, const struct variables **out)
{
	struct variables *some;

	*out = names && !names->count ? NULL : from;
	if (!from || !names || !names->count)
		return true;
	some = ARENA_NEW(a, struct variables);
	if (!some)
		return false;
	for (uint32_t i = 0; i < names->count; i++) {
		const struct variable *v = variables_get(from, names->items[i]);
		if (v && !variables_set(some, a, *v))
			return false;
	}
	*out = some;
	return true;
}

/* The variables of files that are for this job's environment only; rules do not see them. */
static bool of_environment(const scoped_variables *scoped, const struct plan_job *job, struct arena *a,
			   const struct variables **out)
{
	struct variables *mine = NULL;

	for (uint32_t i = 0; scoped && job->included && job->environment_name && i < scoped->count; i++) {
		if (!glob_match(scoped->items[i].environment, job->environment_name))
			continue;
		if (!mine && !(mine = ARENA_NEW(a, struct variables)))
			return false;
		if (!variables_set(mine, a, scoped->items[i].variable))
			return false;
	}
	*out = mine;
	return true;
}

bool plan_job_scope(const struct plan *plan, const struct plan_job *job, const struct variables *dotenv, struct arena *a,
		    struct variables *own, struct scope *out)
{
	const struct plan_options *o = plan->options;
	const text_list *names = job->job->settings->inherit_variables;
	const struct variables *global, *workflow, *scoped;

	*out = (struct scope){ .unset = o->unset };
	if (!inherited(&plan->pipeline->variables, names, a, &global) ||
	    !inherited(plan->workflow_variables, names, a, &workflow) || !scope_own(plan, job, a, own) ||
	    !of_environment(o->scoped, job, a, &scoped))
		return false;
	scope_push(out, o->predefined);
	scope_push(out, global);
	scope_push(out, workflow);
	scope_push(out, own);
	scope_push(out, &job->job->settings->variables);
	scope_push(out, job->matrix);
	scope_push(out, job->rule);
	scope_push(out, dotenv);
	scope_push(out, o->pipeline);
	scope_push(out, scoped);
	return true;
}
