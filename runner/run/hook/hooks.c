#include "runner/run/hook/hooks_inside.h"

#include "base/error.h"
#include "runner/net/http_loop.h"
#include "runner/run/fresh.h"
#include "runner/run/place.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_GRACE_MS = 10000,
	QUICK_US = 200,	    /* processor time of a call that is over, or waits, so soon */
	QUICK_CALLS = 16,   /* in a row: then it is tried on the loop's thread */
	QUICK_BYTES = 16384 /* of source: its compilation there is quick, too */
};

#define BIT(point) (1u << HOOK_##point)

/* ---- which hooks ---- */

/* The pipeline's own notify is about the run, a job's about the job. */
static bool is_callers(const struct hook_caller *c, enum hook_point point, int list)
{
	return !c->x || list || point != HOOK_NOTIFY;
}

static const struct hooks *list_of(const struct hook_caller *c, int list)
{
	if (!list)
		return c->p->plan->pipeline->hooks;
	return c->x ? c->x->job->plan->job->settings->hooks : NULL;
}

static unsigned points_of(const struct pipeline_run *p, const struct job_run *j)
{
	const struct hooks *own = p->plan->pipeline->hooks, *job = j ? j->plan->job->settings->hooks : NULL;
	unsigned points = own ? own->points : 0;

	if (j)
		points &= ~BIT(NOTIFY);
	return points | (job ? job->points : 0);
}

/* ---- one call ---- */

static void on_said(void *payload, const char *text, size_t length)
{
	struct hook_caller *c = payload;

	hook_say(c, text, length);
	hook_notes_show(c);
}

static void on_waits(void *payload)
{
	struct hook_caller *c = payload;

	if (c->x)
		place_give(c->x);
}

/* Exchanges wait on the session's loop. */
static int session_http(struct pipe_run *s, pipe_error *err)
{
	return s->http ? PIPE_OK : http_loop_create(&s->http, s->loop, err);
}

/* NULL: no memory; then it is always called on a worker thread. */
static struct hook_pace *pace_of(struct hook_caller *c)
{
	struct pipeline_hooks *hooks = c->p->hooks;
	struct hook_pace *pace = map_get(&hooks->paces, (const char *)&c->hook, sizeof(c->hook));

	if (pace)
		return pace;
	pace = ARENA_NEW(&c->p->arena, struct hook_pace);
	if (!pace)
		return NULL;
	pace->hook = c->hook;
	return map_put(&hooks->paces, &c->p->arena, (const char *)&pace->hook, sizeof(pace->hook), pace) ? pace : NULL;
}

static bool is_quick(const struct hook_caller *c)
{
	return c->pace && c->pace->quick >= QUICK_CALLS;
}

/* A try is bounded, so one that took somewhat longer counts against a hook no more than a quick one counts for it. */
static void note_pace(struct hook_caller *c)
{
	int64_t us = lua_drive_first_us(c->drive);

	if (!c->pace)
		return;
	if (us == INT64_MAX)
		c->pace->quick = -QUICK_CALLS;
	else if (us < QUICK_US)
		c->pace->quick += c->pace->quick < QUICK_CALLS;
	else
		c->pace->quick -= c->pace->quick > 0;
}

int hook_call(struct hook_caller *c, void (*ended)(void *payload, const struct lua_outcome *outcome), pipe_error *err)
{
	struct pipe_run *s = c->p->session;
	struct plan_lua *lua = c->p->hooks->lua;
	const struct lua_source *source = plan_lua_source(lua, &c->hook->code, err);
	struct lua_drive_options o = { .loop = s->loop,
				       .workers = &s->workers,
				       .executor = s->executor,
				       .grace_ms = s->options.grace_ms ? s->options.grace_ms : DEFAULT_GRACE_MS,
				       .said = on_said,
				       .waits = on_waits,
				       .ended = ended,
				       .payload = c };
	int rc = source ? session_http(s, err) : PIPE_ENOMEM;

	if (rc == PIPE_OK)
		rc = hook_context(c, err);
	if (rc)
		return rc;
	fresh_on(s);
	c->pace = pace_of(c);
	o.here = !c->quiet && is_quick(c) && source->length <= QUICK_BYTES;
	o.http = s->http;
	o.place = c->place;
	o.call = (struct lua_call_options){ .engine = plan_lua_engine(lua),
					    .source = source,
					    .context = &c->context,
					    .host = run_host(c->host),
					    .grants = plan_lua_grants(lua),
					    .limits = plan_lua_limits(lua) };
	return lua_drive_start(&c->drive, &o, err);
}

void hook_caller_clear(struct hook_caller *c)
{
	lua_drive_free(c->drive);
	run_host_free(c->host);
	hook_notes_clear(&c->notes);
}

/* ---- a chain of calls ---- */

static void go_on(struct hook_caller *c);

/* Of those that are asked whether the job, or the run, may begin, one "no" is enough. */
static void take_verdict(struct hook_caller *c, bool failed)
{
	if (failed && (BIT(BEFORE_RUN) | BIT(GATE) | BIT(BEFORE_JOB)) & (1u << c->point))
		c->points = 0;
}

static void end_call(struct hook_caller *c, const struct lua_outcome *outcome)
{
	bool failed;

	note_pace(c);
	hook_notes_show(c);
	failed = hook_judge(c, outcome);
	lua_drive_free(c->drive);
	c->drive = NULL;
	take_verdict(c, failed);
}

static void on_ended(void *payload, const struct lua_outcome *outcome)
{
	end_call(payload, outcome);
	go_on(payload);
}

/* The next hook of the point, then of the next one; NULL: that was all. */
static const struct hook *find_next(struct hook_caller *c)
{
	while (c->points) {
		c->point = (enum hook_point)__builtin_ctz(c->points);
		for (; c->list < 2; c->list++, c->next = 0) {
			const struct hooks *hooks = is_callers(c, c->point, c->list) ? list_of(c, c->list) : NULL;
			while (hooks && c->next < hooks->list.count)
				if (hooks->list.items[c->next++].point == c->point)
					return &hooks->list.items[c->next - 1];
		}
		c->points &= c->points - 1;
		c->list = 0;
		c->next = 0;
	}
	return NULL;
}

static void go_on(struct hook_caller *c)
{
	pipe_error err = { 0 };

	for (;;) {
		c->hook = c->cancelled ? NULL : find_next(c);
		if (!c->hook) {
			c->then(c);
			return;
		}
		if (hook_call(c, on_ended, &err))
			take_verdict(c, hook_judge_error(c, &err));
		else if (lua_drive_outcome(c->drive))
			end_call(c, lua_drive_outcome(c->drive));
		else
			return;
	}
}

/* points: bits, called in the order of their numbers. */
static bool call_points(struct hook_caller *c, unsigned points, void (*then)(struct hook_caller *c))
{
	c->points = points;
	c->list = 0;
	c->next = 0;
	c->then = then;
	if (!points)
		return false;
	go_on(c);
	return true;
}

static void cancel(struct hook_caller *c, bool now)
{
	c->cancelled = true;
	if (c->drive)
		lua_drive_cancel(c->drive);
	if (c->drive && now)
		lua_drive_cancel(c->drive); /* and once more: kills */
}

/* ---- a run ---- */

int hooks_open(struct pipeline_run *p, pipe_error *err)
{
	const struct hooks *own = p->plan->pipeline->hooks;
	bool any = own != NULL;

	for (uint32_t i = 0; !any && i < p->plan->plan->jobs.count; i++)
		any = p->plan->plan->jobs.items[i].selected && p->plan->plan->jobs.items[i].job->settings->hooks;
	if (p->plan->lua && fresh_open(p->session, err))
		return PIPE_ENOMEM;
	if (!any)
		return PIPE_OK;
	if (!p->plan->lua)
		return error_set(err, PIPE_EUNSUPPORTED, "the pipeline has hooks, and Lua is not to be had");
	p->hooks = ARENA_NEW(&p->arena, struct pipeline_hooks);
	if (!p->hooks)
		return error_nomem(err);
	p->hooks->lua = p->plan->lua;
	p->hooks->caller = (struct hook_caller){ .p = p, .arena = &p->arena, .suffix = "run" };
	hook_notes_init(&p->hooks->caller.notes, false);
	return hook_events_open(p, err);
}

void hooks_free(struct pipeline_run *p)
{
	if (!p->hooks)
		return;
	hook_events_free(p);
	hook_caller_clear(&p->hooks->caller);
	p->hooks = NULL;
}

static void run_over(struct hook_caller *c)
{
	struct pipe_run *s = c->p->session;

	c->p->held = false;
	s->busy--;
	if (c->point == HOOK_BEFORE_RUN && c->failure)
		c->p->stopping = c->p->hooks->refused = true;
	session_schedule(s);
}

static void hold(struct pipeline_run *p)
{
	p->held = true;
	p->session->busy++;
}

void hooks_before_run(struct pipeline_run *p)
{
	if (!p->hooks || !(points_of(p, NULL) & BIT(BEFORE_RUN)))
		return;
	hold(p);
	call_points(&p->hooks->caller, BIT(BEFORE_RUN), run_over);
}

bool hooks_after_run(struct pipeline_run *p)
{
	unsigned points = p->hooks ? points_of(p, NULL) & (BIT(AFTER_RUN) | BIT(NOTIFY)) : 0;

	if (!points || p->hooks->called_after || p->session->failure || p->session->cancelled > 1)
		return false;
	p->hooks->called_after = true;
	p->hooks->caller.cancelled = false;
	notify_flush(p->session); /* so that ctx.history has how each job ended */
	hold(p);
	return call_points(&p->hooks->caller, points, run_over);
}

void hooks_run_cancel(struct pipeline_run *p, bool now)
{
	if (p->hooks && p->held && (now || !p->hooks->called_after))
		cancel(&p->hooks->caller, now);
}

const char *hooks_run_failure(const struct pipeline_run *p)
{
	if (!p->hooks)
		return NULL;
	return p->hooks->caller.failure ? p->hooks->caller.failure : hook_events_failure(p);
}

const char *hooks_run_refusal(const struct pipeline_run *p)
{
	return p->hooks && p->hooks->refused ? p->hooks->caller.failure : NULL;
}

/* ---- a job ---- */

static struct job_hooks *job_hooks(struct active_job *x)
{
	if (x->hooks)
		return x->hooks;
	x->hooks = ARENA_NEW(&x->arena, struct job_hooks);
	if (!x->hooks)
		return NULL;
	x->hooks->caller = (struct hook_caller){ .p = x->job->pipeline, .x = x, .arena = &x->arena };
	hook_notes_init(&x->hooks->caller.notes, true);
	return x->hooks;
}

static void out_of_memory(struct active_job *x)
{
	pipe_error err;

	error_nomem(&err);
	session_fail(x->job->pipeline->session, &err);
}

/* The end of a chain, for the state machine of the job. */
static void job_over(struct hook_caller *c)
{
	c->x->hooks->then(c->x);
}

static void before_over(struct hook_caller *c)
{
	c->x->hooks->refusal = c->failure;
	job_output_end_line(c->x);
	job_over(c);
}

static void after_over(struct hook_caller *c)
{
	job_output_end(c->x);
	if (!hook_notes_write(c, c->x->hooks->then))
		job_over(c);
}

bool hooks_concern(const struct job_run *j)
{
	return j->pipeline->hooks && points_of(j->pipeline, j) & ~(BIT(BEFORE_RUN) | BIT(AFTER_RUN) | BIT(ON_EVENT));
}

bool hooks_before_job(struct active_job *x, void (*then)(struct active_job *x))
{
	struct pipeline_run *p = x->job->pipeline;
	unsigned points = p->hooks ? points_of(p, x->job) & (BIT(GATE) | BIT(BEFORE_JOB)) : 0;

	if (!points)
		return false;
	if (!job_hooks(x)) {
		out_of_memory(x);
		return false;
	}
	x->hooks->then = then;
	return call_points(&x->hooks->caller, points, before_over);
}

bool hooks_after_job(struct active_job *x, void (*then)(struct active_job *x))
{
	struct pipeline_run *p = x->job->pipeline;
	unsigned points = p->hooks ? points_of(p, x->job) & (BIT(ON_FAILURE) | BIT(AFTER_JOB) | BIT(NOTIFY)) : 0;

	if (x->outcome.status != PIPE_STATUS_FAILED)
		points &= ~BIT(ON_FAILURE);
	if (x->now || p->session->failure)
		points = 0;
	if (!points && !x->hooks)
		return false;
	if (!job_hooks(x)) {
		out_of_memory(x);
		return false;
	}
	x->hooks->then = then;
	x->hooks->caller.failure = NULL;
	x->hooks->caller.cancelled = false;
	x->after_hooks = true;
	if (points)
		place_give(x); /* its work is done */
	return call_points(&x->hooks->caller, points, after_over) || hook_notes_write(&x->hooks->caller, then);
}

void hooks_job_cancel(struct active_job *x, bool now)
{
	if (x->hooks && (now || !x->after_hooks))
		cancel(&x->hooks->caller, now);
}

const char *hooks_refusal(const struct active_job *x)
{
	return x->hooks ? x->hooks->refusal : NULL;
}

const char *hooks_job_failure(const struct active_job *x)
{
	return x->hooks && x->after_hooks ? x->hooks->caller.failure : NULL;
}

const struct evidence_totals *hooks_totals(const struct active_job *x)
{
	return x->hooks && x->hooks->caller.notes.written && x->hooks->caller.notes.count ? &x->hooks->caller.notes.ledger.totals
											  : NULL;
}

void hooks_job_free(struct active_job *x)
{
	if (x->hooks)
		hook_caller_clear(&x->hooks->caller);
	x->hooks = NULL;
}
