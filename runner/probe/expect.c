/* Judging an answer: a function for each kind of expectation, which says what was got and what was wanted. */
#include "base/error.h"
#include "pipeline/rule/expression.h"
#include "runner/probe/try.h"
#include "stages/probe_text.h"
#include "stages/report/lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { REGEX_STEPS = 1000000 };

bool expect_contains(const char *wanted, const char *text, size_t length, uint32_t regex_steps, bool *holds, pipe_error *err)
{
	const char *pattern;
	size_t n, start, end;
	struct regex *regex;
	int found;

	if (!probe_pattern(wanted, &pattern, &n)) {
		*holds = memmem(text, length, wanted, strlen(wanted)) != NULL;
		return true;
	}
	regex = regex_compile(NULL, pattern, n, NULL, err);
	if (!regex)
		return false;
	found = regex_search(regex, text, length, regex_steps ? regex_steps : REGEX_STEPS, &start, &end);
	regex_free(regex);
	*holds = found == 0;
	if (found < -1)
		error_set(err, PIPE_EPIPELINE, "the regular expression %s needs too many steps: make it simpler", wanted);
	return found >= -1;
}

/* ---- a judge for each kind ---- */

typedef bool (*judge)(struct probing *p, const struct expect *e, struct probe_try *t, bool *holds, pipe_error *err);

#define JUDGE(name) static bool name(struct probing *p, const struct expect *e, struct probe_try *t, bool *holds, pipe_error *err)
#define UNUSED(x) (void)(x)

static const char *wanted(struct probing *p, const char *text)
{
	return shown(p, text, strlen(text), PROBE_SHOWN);
}

static const char *body(struct probing *p, const struct probe_try *t)
{
	return shown(p, t->reply.body.data, t->reply.body.length, PROBE_SHOWN);
}

/* Where the server sent us, or what it said. */
static const char *status_words(struct probing *p, const struct probe_try *t)
{
	const char *value = NULL, *words = "";
	size_t length = 0;

	if (t->reply.status / 100 == 3 && exchange_header(&t->reply, "location", &value, &length))
		words = arena_printf(&p->scratch, " (which leads to %s)", shown(p, value, length, PROBE_SHOWN));
	else if (t->reply.body.length)
		words = arena_printf(&p->scratch, ": \"%s\"", body(p, t));
	p->nomem |= !words;
	return words ? words : "";
}

JUDGE(judge_status)
{
	UNUSED(err);
	*holds = probe_status_fits(e->text, t->reply.status);
	if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "got status %ld, expected %s%s", t->reply.status, wanted(p, e->text),
			 status_words(p, t));
	return true;
}

/* One of those that have the name will do. */
JUDGE(judge_header)
{
	const char *value = NULL, *first = NULL, *name = shown(p, e->name, strlen(e->name), PROBE_SHOWN);
	size_t length = 0, first_length = 0;

	while (!*holds && exchange_header(&t->reply, e->name, &value, &length)) {
		if (!first) {
			first = value;
			first_length = length;
		}
		if (!expect_contains(e->text, value, length, p->context->regex_steps, holds, err))
			return false;
	}
	if (!first)
		snprintf(t->reason, sizeof(t->reason), "the answer has no header \"%s\"", name);
	else if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "the header \"%s\" is \"%s\", expected %s", name,
			 shown(p, first, first_length, PROBE_SHOWN), wanted(p, e->text));
	return true;
}

JUDGE(judge_body)
{
	if (!expect_contains(e->text, t->reply.body.data, t->reply.body.length, p->context->regex_steps, holds, err))
		return false;
	if (!*holds && !t->reply.body.length)
		snprintf(t->reason, sizeof(t->reason), "the body is empty, expected %s", wanted(p, e->text));
	else if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "the body does not hold %s: \"%s\"", wanted(p, e->text), body(p, t));
	return true;
}

/* 0.50 is 0.5; but integers are compared as they are written, since a real does not hold them all. */
static bool same_value(const char *text, const struct str *value, double real)
{
	double number;

	if (strlen(text) == value->length && !memcmp(text, value->data, value->length))
		return true;
	return !isnan(real) && lines_real(text, strlen(text), &number) && fabs(number - real) <= 0;
}

JUDGE(judge_json)
{
	const char *path = shown(p, e->name, strlen(e->name), PROBE_SHOWN), *why = NULL;
	struct str value;
	double real;
	bool ok;

	str_init(&value);
	ok = json_path_value(t->reply.body.data, t->reply.body.length, e->name, &value, &real, &why, err);
	*holds = ok && !why && (!e->text || same_value(e->text, &value, real));
	if (ok && why && !t->reply.body.length)
		snprintf(t->reason, sizeof(t->reason), "%s is not there: the body is empty", path);
	else if (ok && why)
		snprintf(t->reason, sizeof(t->reason), "%s %s: \"%s\"", path, why, body(p, t));
	else if (ok && !*holds)
		snprintf(t->reason, sizeof(t->reason), "%s is \"%s\", expected \"%s\"", path,
			 shown(p, value.data, value.length, PROBE_SHOWN), wanted(p, e->text));
	str_clear(&value);
	return ok;
}

JUDGE(judge_tls)
{
	UNUSED(p), UNUSED(err);
	*holds = t->reply.tls_days >= e->number;
	if (t->reply.tls_days < 0)
		snprintf(t->reason, sizeof(t->reason),
			 "how long the certificate is valid is not known: the address is not https");
	else if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "the certificate is valid for %.1f days, expected at least %.0f",
			 t->reply.tls_days, e->number);
	return true;
}

/* The end of it is where a command says what went wrong. */
static const char *last_words(struct probing *p, const struct probe_try *t)
{
	size_t length = strlen(t->text);
	const char *words;

	while (length && strchr("\r\n\t ", t->text[length - 1]))
		length--;
	if (!length)
		return "";
	words = arena_printf(&p->scratch, ": \"%s\"", shown_end(p, t->text, length, PROBE_SHOWN));
	p->nomem |= !words;
	return words ? words : "";
}

JUDGE(judge_output)
{
	if (!expect_contains(e->text, t->text, strlen(t->text), p->context->regex_steps, holds, err))
		return false;
	if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "the output does not hold %s%s", wanted(p, e->text), last_words(p, t));
	return true;
}

JUDGE(judge_exit_code)
{
	UNUSED(err);
	*holds = t->exit_code == (int)e->number;
	if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "got exit code %d, expected %.0f%s", t->exit_code, e->number,
			 last_words(p, t));
	return true;
}

JUDGE(judge_serving)
{
	static const char *const names[] = { "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN" };

	UNUSED(p), UNUSED(e), UNUSED(err);
	*holds = t->serving == 1;
	if (t->serving < 0 || t->serving > 3)
		snprintf(t->reason, sizeof(t->reason), "the health service's answer is none");
	else if (!*holds)
		snprintf(t->reason, sizeof(t->reason), "the health service says %s, expected SERVING", names[t->serving]);
	return true;
}

static const judge judges[] = {
	[EXPECT_STATUS] = judge_status,	  [EXPECT_HEADER] = judge_header,
	[EXPECT_BODY] = judge_body,	  [EXPECT_JSON] = judge_json,
	[EXPECT_LATENCY] = NULL,	  [EXPECT_TLS_DAYS] = judge_tls,
	[EXPECT_OUTPUT] = judge_output,	  [EXPECT_EXIT_CODE] = judge_exit_code,
	[EXPECT_SERVING] = judge_serving,
};

bool expect_answer(struct probing *p, struct probe_try *t, bool *holds, pipe_error *err)
{
	*holds = true;
	for (uint32_t i = 0; *holds && i < p->probe->expects.count; i++) {
		const struct expect *e = &p->probe->expects.items[i];
		if (!judges[e->kind])
			continue;
		*holds = false;
		if (!judges[e->kind](p, e, t, holds, err))
			return false;
	}
	return true;
}

/* ---- latencies ---- */

static bool judge_latency(const struct expect *e, struct probe_try *t, const struct probe_latencies *l)
{
	double ms = latency_at(l, e->percentile);

	if (ms >= 0 && ms <= e->number)
		return true;
	if (l->count == 1)
		snprintf(t->reason, sizeof(t->reason), "the answer took %.1f ms, expected at most %.0f ms", ms, e->number);
	else if (e->percentile >= 100)
		snprintf(t->reason, sizeof(t->reason), "the slowest of %u requests took %.1f ms, expected at most %.0f ms",
			 l->count, ms, e->number);
	else
		snprintf(t->reason, sizeof(t->reason), "%.0f %% of %u requests took up to %.1f ms, expected at most %.0f ms",
			 e->percentile, l->count, ms, e->number);
	return false;
}

bool expect_latencies(const struct probing *p, struct probe_try *t, const struct probe_latencies *l)
{
	for (uint32_t i = 0; i < p->probe->expects.count; i++) {
		const struct expect *e = &p->probe->expects.items[i];
		if (e->kind == EXPECT_LATENCY && !judge_latency(e, t, l))
			return false;
	}
	return true;
}
