/*
 * What the command line wants of a plan: some jobs with all that they need, a stage, manual jobs to start.  Jobs that are not wanted
 * stay in the plan and are not selected; edges to them go, so that nobody waits for what does not run.
 */
#include "base/suggest.h"
#include "pipeline/plan/planner.h"

#include <string.h>

struct selection {
	struct planner *m;
	uint8_t *wanted; /* by instance: named, or needed by such a one */
	uint32_t *queue;
	uint32_t count;
};

/* ---- names ---- */

/* "job: [a,b]" as "job: [a, b]" and "job: [1/3]" as "job 1/3": gitlab-ci-local's spelling as GitLab's. */
static bool respell(const char *name, struct str *out)
{
	const char *open = strstr(name, ": ["), *next;

	for (; open && (next = strstr(open + 1, ": [")); open = next)
		;
	if (!open || name[strlen(name) - 1] != ']')
		return false;
	str_add(out, name, (size_t)(open - name));
	if (strspn(open + 3, "0123456789/") == strlen(open + 3) - 1) {
		str_addc(out, ' ');
		str_add(out, open + 3, strlen(open + 3) - 1);
		return !out->failed;
	}
	str_adds(out, ": [");
	for (const char *p = open + 3; *p; p++) {
		str_addc(out, *p);
		if (*p == ',' && p[1] != ' ')
			str_addc(out, ' ');
	}
	return !out->failed;
}

const struct plan_job *plan_job_named(const struct plan *plan, const char *name, size_t length)
{
	const struct job *job = map_get(&plan->pipeline->job_by_name, name, length);

	if (job && plan->first[job->index] < plan->jobs.count) {
		const struct plan_job *one = &plan->jobs.items[plan->first[job->index]];
		/* A job that was unfolded is none itself. */
		if (one->job == job && one->name == job->name)
			return one;
	}
	return map_get(&plan->unfolded, name, length);
}

uint32_t plan_find(const struct plan *plan, const uint32_t *first, const uint32_t *instances, const char *name, uint32_t *at)
{
	size_t length = strlen(name);
	const struct job *job = map_get(&plan->pipeline->job_by_name, name, length);
	const struct plan_job *one;
	struct str other;

	if (job) {
		*at = first[job->index];
		return instances[job->index];
	}
	one = map_get(&plan->unfolded, name, length);
	if (!one && length && name[length - 1] == ']') {
		str_init(&other);
		if (respell(name, &other))
			one = map_get(&plan->unfolded, other.data, other.length);
		str_clear(&other);
	}
	if (one)
		*at = one->index;
	return one != NULL;
}

static int no_such_job(struct selection *s, const char *name)
{
	diag_error(s->m->d, MARK_NONE, "unknown-job", "there is no job \"%s\" in this pipeline", name);
	if (!planner_suggest_job(s->m, name))
		diag_hint(s->m->d, "`pipe plan` shows the jobs");
	return PIPE_ENOTFOUND;
}

/* All instances that a name means are out: says why. */
static int left_out(struct selection *s, const char *name, const struct plan_job *job)
{
	diag_error(s->m->d, MARK_NONE, "job-not-included", "\"%s\" is not in this pipeline: %s", name, job->decision.reason);
	if (job->decision.at.line)
		diag_related(s->m->d, job->decision.at, "%s", job->decision.reason);
	return PIPE_ENOTFOUND;
}

/* ---- what is wanted ---- */

static void want(struct selection *s, uint32_t job)
{
	if (!s->m->plan->jobs.items[job].included || s->wanted[job])
		return;
	s->wanted[job] = 1;
	s->queue[s->count++] = job;
}

/* A name of the command line: `wanted` jobs are selected, manual ones of them started. */
static int name_jobs(struct selection *s, const char *name, bool wanted)
{
	struct plan *plan = s->m->plan;
	uint32_t at = 0, count = plan_find(plan, s->m->first, s->m->instances, name, &at);
	bool any = false;

	if (!count)
		return no_such_job(s, name);
	for (uint32_t i = at; i < at + count; i++) {
		struct plan_job *job = &plan->jobs.items[i];
		any = any || job->included;
		job->played = job->played || (job->included && job->when == WHEN_MANUAL);
		if (wanted)
			want(s, i);
	}
	return any || !plan->runs ? PIPE_OK : left_out(s, name, &plan->jobs.items[at]);
}

/* Everything of the stages before a job, but for manual jobs that nobody named.  Jobs are ordered by stage: *done of them have been
 * looked at. */
static void want_earlier(struct selection *s, uint32_t stage, uint32_t *done)
{
	const struct plan *plan = s->m->plan;

	for (; *done < plan->jobs.count && plan->jobs.items[*done].stage < stage; ++*done)
		if (plan->jobs.items[*done].when != WHEN_MANUAL || plan->jobs.items[*done].played)
			want(s, *done);
}

static void want_needs(struct selection *s)
{
	uint32_t named = s->count, done = 0;

	for (uint32_t i = 0; i < s->count && !s->m->o->no_needs; i++) {
		const struct plan_job *job = &s->m->plan->jobs.items[s->queue[i]];
		if (job->waits_for_stages)
			want_earlier(s, job->stage, &done);
		for (uint32_t k = 0; k < job->needs.count; k++)
			want(s, job->needs.items[k].job);
	}
	for (uint32_t i = 0; i < named && s->m->o->only_needs; i++)
		s->wanted[s->queue[i]] = 0;
}

static int find_stage(struct selection *s, uint32_t *stage)
{
	const struct pipeline *p = s->m->p;
	struct suggest near;

	suggest_init(&near, s->m->o->stage);
	for (uint32_t i = 0; i < p->stages.count; i++) {
		if (!strcmp(p->stages.items[i].name, s->m->o->stage)) {
			*stage = i;
			return PIPE_OK;
		}
		suggest_offer(&near, p->stages.items[i].name);
	}
	diag_error(s->m->d, MARK_NONE, "unknown-stage", "there is no stage \"%s\"", s->m->o->stage);
	if (near.best)
		diag_hint(s->m->d, "did you mean \"%s\"?", near.best);
	else
		diag_hint(s->m->d, "`pipe plan` shows the stages");
	return PIPE_ENOTFOUND;
}

static int choose(struct selection *s)
{
	const struct plan_options *o = s->m->o;
	const struct plan *plan = s->m->plan;
	uint32_t stage = UINT32_MAX;
	int rc = o->stage ? find_stage(s, &stage) : PIPE_OK, one;

	for (const char *const *name = o->jobs; name && *name; name++)
		if ((one = name_jobs(s, *name, true)))
			rc = one;
	if (o->jobs && *o->jobs)
		want_needs(s);
	else
		memset(s->wanted, 1, plan->jobs.count);
	for (const char *const *name = o->manual; name && *name; name++)
		if ((one = name_jobs(s, *name, false)))
			rc = one;
	for (uint32_t i = 0; o->stage && i < plan->jobs.count; i++)
		s->wanted[i] &= plan->jobs.items[i].stage == stage;
	return rc;
}

/* ---- taking the rest away ---- */

static bool is_filtered(const struct plan *plan, const struct plan_job *job)
{
	for (uint32_t i = 0; i < job->needs.count; i++)
		if (!plan->jobs.items[job->needs.items[i].job].selected)
			return true;
	for (uint32_t i = 0; i < job->artifacts_from.count; i++)
		if (!plan->jobs.items[job->artifacts_from.items[i]].selected)
			return true;
	return false;
}

/* Lists may be shared with other jobs, so what remains is a new one. */
static bool filter(struct planner *m, struct plan_job *job)
{
	const struct plan_job *jobs = m->plan->jobs.items;
	struct plan_need *needs = ARENA_ARRAY(m->a, struct plan_need, job->needs.count);
	uint32_t *from = ARENA_ARRAY(m->a, uint32_t, job->artifacts_from.count), count = 0;

	if (!needs || !from)
		return planner_nomem(m);
	for (uint32_t i = 0; i < job->needs.count; i++)
		if (jobs[job->needs.items[i].job].selected)
			needs[count++] = job->needs.items[i];
	job->needs.items = needs;
	job->needs.count = count;
	count = 0;
	for (uint32_t i = 0; i < job->artifacts_from.count; i++)
		if (jobs[job->artifacts_from.items[i]].selected)
			from[count++] = job->artifacts_from.items[i];
	job->artifacts_from.items = from;
	job->artifacts_from.count = count;
	return true;
}

static bool apply(struct selection *s)
{
	struct plan *plan = s->m->plan;

	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		struct plan_job *job = &plan->jobs.items[i];
		job->selected = plan->runs && job->included && s->wanted[i];
		if (job->included && !job->selected)
			job->decision = (struct decision){ MARK_NONE, "not selected" };
	}
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		struct plan_job *job = &plan->jobs.items[i];
		if (job->selected && is_filtered(plan, job) && !filter(s->m, job))
			return false;
	}
	return true;
}

int select_jobs(struct planner *m)
{
	struct selection s = { .m = m };
	size_t n = (size_t)m->plan->jobs.count + 1;
	int rc;

	s.wanted = ARENA_ARRAY(&m->temp, uint8_t, n);
	s.queue = ARENA_ARRAY(&m->temp, uint32_t, n);
	if (!s.wanted || !s.queue)
		return PIPE_ENOMEM;
	rc = choose(&s);
	return apply(&s) ? rc : PIPE_ENOMEM;
}
