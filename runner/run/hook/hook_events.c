/*
 * on_event: each hook has a queue of its own and is called for one event after the other, so that it sees them in their order; nothing
 * waits for it but the end of its run.  What is queued is bounded in number, and at the end in time: what does not come to its turn is
 * dropped, and said.
 */
#include "base/error.h"
#include "runner/run/hook/hooks_inside.h"

#include <stdlib.h>
#include <string.h>

enum { BACKLOG_MOST = 10000, DRAIN_MS = 30000 };

struct queued {
	struct queued *next;
	size_t length;
	char json[];
};

struct event_hook {
	struct hook_caller caller;
	struct arena arena;
	struct event_hook *next;
	const struct hooks *of; /* the jobs whose events it hears, by their hooks; NULL: it is the pipeline's, and hears all */
	struct queued *first, **last;
	uint32_t waiting, dropped, failed;
	unsigned kinds; /* bits by enum pipe_event_kind */
	json_t *extra;	/* of the call under way */
};

static void serve(struct event_hook *h);

/* ---- the end ---- */

static bool is_busy(const struct pipeline_run *p)
{
	for (const struct event_hook *h = p->hooks ? p->hooks->events : NULL; h; h = h->next)
		if (h->extra)
			return true;
	return false;
}

bool hooks_events_busy(const struct pipe_run *s)
{
	for (const struct pipeline_run *p = s->pipelines; p; p = p->next)
		if (is_busy(p))
			return true;
	return false;
}

static void drop_queue(struct event_hook *h, bool counted)
{
	while (h->first) {
		struct queued *q = h->first;
		h->first = q->next;
		free(q);
	}
	h->dropped += counted ? h->waiting : 0;
	h->last = &h->first;
	h->waiting = 0;
}

/* What was not said at once. */
static void sum_up(struct event_hook *h)
{
	char text[128] = "";

	if (h->dropped)
		snprintf(text, sizeof(text), "on_event: %u event%s not handed to the hook, which was too slow for them",
			 h->dropped, h->dropped == 1 ? " was" : "s were");
	else if (h->failed > 1)
		snprintf(text, sizeof(text), "on_event: the hook failed %u times; the first time is told above", h->failed);
	if (*text)
		hook_warn(&h->caller, text);
	h->dropped = 0;
	h->failed = h->failed > 0; /* and is not told again */
}

bool hooks_events_wait(struct pipeline_run *p)
{
	struct pipe_run *s = p->session;

	if (!p->hooks || !p->hooks->events)
		return false;
	notify_flush(s);
	if (!p->hooks->drain_until)
		p->hooks->drain_until = session_now(s) + DRAIN_MS;
	if (is_busy(p))
		return true;
	for (struct event_hook *h = p->hooks->events; h; h = h->next)
		sum_up(h);
	return false;
}

void hooks_events_cancel(struct pipe_run *s)
{
	for (struct pipeline_run *p = s->pipelines; p; p = p->next)
		for (struct event_hook *h = p->hooks ? p->hooks->events : NULL; h; h = h->next) {
			drop_queue(h, true);
			h->caller.cancelled = true;
			if (h->caller.drive)
				lua_drive_cancel(h->caller.drive);
		}
}

void hook_events_free(struct pipeline_run *p)
{
	struct event_hook *h = p->hooks->events;

	for (; h; h = h->next) {
		drop_queue(h, false);
		hook_caller_clear(&h->caller);
		json_decref(h->extra);
		arena_clear(&h->arena);
	}
	p->hooks->events = NULL;
}

const char *hook_events_failure(const struct pipeline_run *p)
{
	for (const struct event_hook *h = p->hooks->events; h; h = h->next)
		if (h->caller.failure)
			return h->caller.failure;
	return NULL;
}

/* ---- a call ---- */

static void call_over(struct event_hook *h)
{
	struct pipe_run *s = h->caller.p->session;

	json_decref(h->extra);
	h->extra = NULL;
	h->caller.extra = NULL;
	serve(h);
	session_events_over(s);
}

/* A hook that fails for each event says so once. */
static void on_ended(void *payload, const struct lua_outcome *outcome)
{
	struct event_hook *h = payload;
	struct hook_caller *c = &h->caller;

	hook_notes_show(c);
	if (outcome->end != LUA_DONE && !(c->cancelled && outcome->end == LUA_CANCELLED) && !h->failed++)
		hook_judge(c, outcome);
	lua_drive_free(c->drive);
	c->drive = NULL;
	call_over(h);
}

static json_t *extra_of(const struct queued *q)
{
	json_t *event = json_loadb(q->json, q->length, 0, NULL);

	return event ? json_pack("{s:o}", "event", event) : NULL;
}

/* Takes the next event; false: there is none, or the session has waited long enough. */
static bool take_next(struct event_hook *h)
{
	const struct pipeline_run *p = h->caller.p;
	struct queued *q;

	if (h->caller.cancelled || (p->hooks->drain_until && session_now(p->session) > p->hooks->drain_until))
		drop_queue(h, true);
	q = h->first;
	if (!q)
		return false;
	h->first = q->next;
	if (!h->first)
		h->last = &h->first;
	h->waiting--;
	h->extra = extra_of(q);
	free(q);
	return true;
}

static void serve(struct event_hook *h)
{
	pipe_error err = { 0 };

	while (!h->extra && take_next(h)) {
		h->caller.extra = h->extra;
		if (h->extra && hook_call(&h->caller, on_ended, &err) == PIPE_OK)
			return;
		if (h->extra && !h->failed++)
			hook_judge_error(&h->caller, &err);
		json_decref(h->extra);
		h->extra = NULL;
	}
}

/* ---- events ---- */

static int append(void *payload, const char *text, size_t length)
{
	str_add(payload, text, length);
	return ((struct str *)payload)->failed;
}

static bool enqueue(struct event_hook *h, const struct str *json)
{
	struct queued *q = h->waiting < BACKLOG_MOST ? malloc(sizeof(*q) + json->length) : NULL;

	if (!q) {
		h->dropped++;
		return false;
	}
	q->next = NULL;
	q->length = json->length;
	memcpy(q->json, json->data, json->length);
	*h->last = q;
	h->last = &q->next;
	h->waiting++;
	return true;
}

static bool hears(const struct event_hook *h, const struct pipeline_run *p, const pipe_event *e)
{
	if (!(h->kinds & (1u << e->kind)))
		return false;
	return !h->of || (e->job && p->jobs[e->job_index].plan->job->settings->hooks == h->of);
}

void hooks_event(struct pipeline_run *p, const pipe_event *e)
{
	struct str json;

	if (!hooks_listen(p, e->kind))
		return;
	str_init(&json);
	if (pipe_event_json(e, append, &json) == PIPE_OK && !json.failed)
		for (struct event_hook *h = p->hooks->events; h; h = h->next)
			if (hears(h, p, e) && enqueue(h, &json))
				serve(h);
	str_clear(&json);
}

bool hooks_listen(const struct pipeline_run *p, enum pipe_event_kind kind)
{
	return p->hooks && p->hooks->events && p->hooks->event_kinds & (1u << kind);
}

/* ---- the beginning ---- */

static unsigned kinds_of(const struct hook *hook)
{
	static const char *const names[] = {
#define X(name, text) [PIPE_EVENT_##name] = text,
		PIPE_EVENT_MAP(X)
#undef X
	};
	unsigned kinds = 0;

	for (unsigned k = 0; k < sizeof(names) / sizeof(*names); k++) {
		bool wanted = !hook->events.count;
		for (uint32_t i = 0; i < hook->events.count; i++)
			wanted |= !strcmp(hook->events.items[i], names[k]);
		if (wanted && k != PIPE_EVENT_LOG)
			kinds |= 1u << k;
	}
	return kinds;
}

static int open_list(struct pipeline_run *p, const struct hooks *own, const struct hooks *of, unsigned *opened, pipe_error *err)
{
	for (uint32_t i = own->list.count; i-- > 0;) {
		struct event_hook *h;
		if (own->list.items[i].point != HOOK_ON_EVENT)
			continue;
		h = ARENA_NEW(&p->arena, struct event_hook);
		if (!h)
			return error_nomem(err);
		h->caller = (struct hook_caller){
			.p = p, .arena = &h->arena, .point = HOOK_ON_EVENT, .hook = &own->list.items[i], .quiet = true
		};
		h->caller.suffix = arena_printf(&p->arena, "event%u", (*opened)++);
		if (!h->caller.suffix)
			return error_nomem(err);
		hook_notes_init(&h->caller.notes, false);
		h->of = of;
		h->last = &h->first;
		h->kinds = kinds_of(h->caller.hook);
		h->next = p->hooks->events;
		p->hooks->events = h;
		p->hooks->event_kinds |= h->kinds;
	}
	return PIPE_OK;
}

static bool is_open(const struct pipeline_run *p, const struct hooks *of)
{
	for (const struct event_hook *h = p->hooks->events; h; h = h->next)
		if (h->of == of)
			return true;
	return false;
}

/* Jobs that have their hooks from `default` share them: one queue for all. */
int hook_events_open(struct pipeline_run *p, pipe_error *err)
{
	const struct hooks *own = p->plan->pipeline->hooks;
	unsigned opened = 0;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < p->plan->plan->jobs.count; i++) {
		const struct plan_job *job = &p->plan->plan->jobs.items[i];
		const struct hooks *its = job->selected ? job->job->settings->hooks : NULL;
		if (its && its->points & (1u << HOOK_ON_EVENT) && !is_open(p, its))
			rc = open_list(p, its, its, &opened, err);
	}
	return rc == PIPE_OK && own ? open_list(p, own, NULL, &opened, err) : rc;
}
