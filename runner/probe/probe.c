/* The course of a probe: tries with growing pauses, within its budget, until everything holds. */
#include "runner/probe/probe.h"

#include "base/duration.h"
#include "base/error.h"
#include "base/utf8.h"
#include "runner/probe/try.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 50, SHORTEST_TRY_MS = 100, SHOWN_TRIES = 5, LONGEST_PAUSE_MS = 3600 * 1000 };

static const probe_trier triers[PROBE_KIND_COUNT] = {
	[PROBE_HTTP] = try_http, [PROBE_TCP] = try_tcp,		[PROBE_GRPC] = try_grpc,
	[PROBE_LOG] = try_log,	 [PROBE_COMMAND] = try_command,
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool cancelled(const struct probe_context *c)
{
	return c->cancel && atomic_load(c->cancel);
}

/* Sleeps in short pieces; false: cancelled. */
static bool pause_for(const struct probe_context *c, int64_t ms)
{
	int64_t end = now_ms() + ms;

	for (int64_t left = ms; left > 0; left = end - now_ms()) {
		int64_t piece = left < LOOK_MS ? left : LOOK_MS;
		struct timespec t = { piece / 1000, piece % 1000 * 1000000 };
		if (cancelled(c))
			return false;
		nanosleep(&t, NULL);
	}
	return !cancelled(c);
}

/* When all must be over; the lower of the probe's own budget and the bound from outside.  0: never. */
static int64_t deadline(const struct probe *p, const struct probe_context *c, int64_t start)
{
	int64_t budget = p->budget_ms;

	if (c->limit_ms && (!budget || c->limit_ms < budget))
		budget = c->limit_ms;
	return budget ? start + budget : 0;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double latency_at(const struct probe_latencies *l, double percentile)
{
	double rank = ceil(percentile * l->count / 100);
	uint32_t at = rank < 1 ? 0 : (uint32_t)rank - 1;

	return l->count ? l->ms[at < l->count ? at : l->count - 1] : -1;
}

/* ---- one try: as many requests as are to be measured ---- */

static uint32_t requests_of(const struct probe *p)
{
	return p->requests ? p->requests : 1;
}

/* What is left, but never nothing: a try at the very end is still one. */
static int64_t try_time(const struct probe *p, int64_t end)
{
	int64_t left = end ? end - now_ms() : p->timeout_ms;

	if (left < SHORTEST_TRY_MS)
		left = SHORTEST_TRY_MS;
	return p->timeout_ms && left > p->timeout_ms ? p->timeout_ms : left;
}

static void try_init(struct probe_try *t)
{
	memset(t, 0, sizeof(*t));
	exchange_reply_init(&t->reply);
	t->serving = -1;
	t->text = "";
}

static void try_clear(struct probe_try *t)
{
	exchange_reply_clear(&t->reply);
}

static void say_which(struct probe_try *t, uint32_t request, uint32_t requests)
{
	char reason[PROBE_REASON_MAX];

	memcpy(reason, t->reason, sizeof(reason));
	snprintf(t->reason, sizeof(t->reason), "request %u of %u: %.*s", request, requests, PROBE_REASON_MAX - 64, reason);
}

/* Every answer must be as expected; the first that is not, or that does not come, ends the try.  *holds: none did.  false: err. */
static bool request_all(struct probing *p, int64_t end, struct probe_latencies *l, struct probe_try *t, bool *holds,
			pipe_error *err)
{
	uint32_t requests = requests_of(p->probe);

	for (uint32_t i = 0; i < requests; i++) {
		*holds = false;
		try_clear(t);
		try_init(t);
		if (i && (cancelled(p->context) || (end && now_ms() >= end))) {
			snprintf(t->reason, sizeof(t->reason), "%u of %u requests were done when the time was over", i, requests);
			return true;
		}
		if (!triers[p->probe->kind](p, try_time(p->probe, end), t, err))
			return false;
		if (t->answered && !expect_answer(p, t, holds, err))
			return false;
		if (t->answered)
			l->ms[l->count++] = t->ms;
		if (*holds)
			continue;
		if (requests > 1)
			say_which(t, i + 1, requests);
		return true;
	}
	return true;
}

static void keep_latencies(const struct probe_latencies *l, struct probe_result *result)
{
	result->p50_ms = latency_at(l, 50);
	result->p90_ms = latency_at(l, 90);
	result->p99_ms = latency_at(l, 99);
	result->max_ms = latency_at(l, 100);
}

/* A probe may try for hours, and what it hears is mostly the same. */
static bool keep_text(struct arena *a, const char *text, const char **out)
{
	if (!*out || strcmp(*out, text) != 0)
		*out = arena_strdup(a, text);
	return *out != NULL;
}

/* t->reason may have been cut in the middle of a character. */
static bool keep_reason(struct probing *p, const struct probe_try *t, struct probe_result *result)
{
	const char *text = *t->reason || result->ok ? t->reason : "no answer";
	const char *reason = arena_strndup(&p->scratch, text, utf8_valid(text, strlen(text)));

	return reason && keep_text(p->context->arena, reason, &result->reason);
}

static bool keep_answer(struct probing *p, const struct probe_try *t, struct probe_result *result)
{
	const char *text = "";

	result->status = t->reply.status;
	result->tls_days = t->reply.tls_days;
	if (p->probe->kind == PROBE_HTTP)
		text = shown_lines(p, t->reply.body.data, t->reply.body.length, PROBE_ANSWER_MAX);
	else if (*t->text)
		text = shown_lines(p, t->text, strlen(t->text), PROBE_ANSWER_MAX);
	return keep_text(p->context->arena, text, &result->answer) && keep_reason(p, t, result) && !p->nomem;
}

/* The next try finds its own connection and asks for addresses again: what answers may be somebody else by then. */
static void forget_try(struct probing *p)
{
	exchange_free(p->exchange);
	p->exchange = NULL;
	arena_clear(&p->scratch);
}

/* false: err. */
static bool try_once(struct probing *p, int64_t end, struct probe_result *result, pipe_error *err)
{
	struct probe_latencies l = { calloc(requests_of(p->probe), sizeof(double)), 0 };
	struct probe_try t;
	bool ok;

	if (!l.ms) {
		error_nomem(err);
		return false;
	}
	try_init(&t);
	result->ok = false;
	ok = request_all(p, end, &l, &t, &result->ok, err);
	qsort(l.ms, l.count, sizeof(*l.ms), by_value);
	if (ok && result->ok)
		result->ok = expect_latencies(p, &t, &l);
	if (ok) {
		keep_latencies(&l, result);
		ok = keep_answer(p, &t, result);
		if (!ok)
			error_nomem(err);
	}
	try_clear(&t);
	free(l.ms);
	forget_try(p);
	return ok;
}

/* ---- the course ---- */

static void say(const struct probe_context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct probe_context *c, const char *format, ...)
{
	char line[PROBE_REASON_MAX + 128];
	va_list ap;

	if (!c->say)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	c->say(c->payload, line);
}

/* The first tries, and then every time that the reason changes.  A log that is waited for speaks for itself. */
static void say_try(const struct probing *p, const struct probe_result *r, const char *before, int64_t pause)
{
	char text[32];

	if (p->probe->kind != PROBE_LOG && (r->tries <= SHOWN_TRIES || !before || strcmp(before, r->reason) != 0))
		say(p->context, "try %u: %s; again in %s", r->tries, r->reason, duration_format(pause, text, sizeof(text)));
}

static void say_end(const struct probing *p, const struct probe_result *r)
{
	const struct probe_context *c = p->context;
	uint32_t requests = requests_of(p->probe);
	char text[32];

	if (requests > 1 && r->max_ms >= 0)
		say(c, "%u requests: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms", requests, r->p50_ms, r->p90_ms,
		    r->p99_ms, r->max_ms);
	if (r->tries > 1 && p->probe->kind != PROBE_LOG)
		say(c, "%s: %u tries in %s", r->ok ? "ok" : "given up", r->tries,
		    duration_format(r->duration_ms, text, sizeof(text)));
}

/* The pause before the next try; 0: there is none.  What is left of the time is not given away: the last tries come closer. */
static int64_t next_pause(const struct probing *p, const struct probe_result *r, int64_t pause, int64_t end)
{
	int64_t left = end ? end - now_ms() : INT64_MAX;

	if (r->tries > p->probe->retries || left <= SHORTEST_TRY_MS)
		return 0;
	/* A service that has ended will never answer. */
	if (p->probe->kind == PROBE_LOG && p->service_ended)
		return 0;
	return pause < left ? pause : left - left / 4;
}

static int64_t longer(const struct probe *p, int64_t pause)
{
	int64_t most = p->interval_max_ms > 0 ? p->interval_max_ms : LONGEST_PAUSE_MS;

	return pause < most / 2 ? pause * 2 : most;
}

static int run(struct probing *p, struct probe_result *result, pipe_error *err)
{
	const struct probe_context *c = p->context;
	int64_t start = now_ms(), end = deadline(p->probe, c, start);
	int64_t pause = p->probe->interval_ms > 0 ? p->probe->interval_ms : 1;
	const char *before = NULL;

	for (;;) {
		int64_t now;
		result->tries++;
		if (!try_once(p, end, result, err))
			return (int)err->code;
		now = result->ok || cancelled(c) ? 0 : next_pause(p, result, pause, end);
		if (!now)
			break;
		say_try(p, result, before, now);
		before = result->reason;
		if (!pause_for(c, now))
			break;
		pause = longer(p->probe, pause);
	}
	result->duration_ms = now_ms() - start;
	if (!result->ok && cancelled(c))
		result->reason = "cancelled";
	say_end(p, result);
	return PIPE_OK;
}

int probe_run(const struct probe *probe, const struct probe_context *context, struct probe_result *result, pipe_error *err)
{
	struct probing p = { .probe = probe, .context = context };
	pipe_error own;
	int rc;

	*result = (struct probe_result){ .answer = "", .p50_ms = -1, .p90_ms = -1, .p99_ms = -1, .max_ms = -1, .tls_days = -1 };
	if (!err)
		err = &own;
	memset(err, 0, sizeof(*err));
	rc = run(&p, result, err);
	forget_try(&p);
	if (rc == PIPE_OK && result->ok)
		result->reason = NULL;
	return rc;
}
