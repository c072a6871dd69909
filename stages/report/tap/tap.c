/*
 * TAP, the Test Anything Protocol, versions 12 to 14, and what `prove -v` makes of several of them: which line is what.
 *
 * Whoever did not run what was planned, or ended without a plan, gets an error of its own: what is missing in TAP is never green.
 */
#include "stages/report/formats.h"

#include "base/error.h"
#include "stages/report/lines.h"
#include "stages/report/tap/tap_level.h"
#include "stages/report/tap/tap_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

/* Where ` in 12ms` begins, at the end of a text; NULL: it does not. */
static char *time_suffix(char *text, uint32_t *ms)
{
	size_t n = strlen(text), digits = n > 2 && !strcmp(text + n - 2, "ms") ? n - 2 : 0;
	const char *p;

	while (digits && text[digits - 1] >= '0' && text[digits - 1] <= '9')
		digits--;
	p = text + digits;
	return digits > 4 && !strncmp(p - 4, " in ", 4) && lines_number(&p, ms) ? text + digits - 4 : NULL;
}

/* `name in 12ms`, as bats --timing writes each of them; the first tells whether it does. */
static int64_t take_time(struct tap *s, struct tap_point *p)
{
	uint32_t ms;
	char *suffix = time_suffix(p->name, &ms);

	if (!s->timed)
		s->bats_times = suffix || time_suffix(p->reason, &ms);
	s->timed = true;
	if (!suffix || !s->bats_times)
		return -1;
	*suffix = '\0';
	return (int64_t)ms * 1000;
}

static void note_number(struct tap_level *l, uint32_t number, uint64_t most)
{
	static const char zeros[256];
	size_t byte = (number - 1) / 8;

	l->points++;
	l->last = number;
	if (number > most) {
		l->beyond++;
		return;
	}
	while (byte >= l->seen.length && !l->seen.failed)
		str_add(&l->seen, zeros, sizeof(zeros));
	if (!l->seen.failed)
		l->seen.data[byte] = (char)((unsigned char)l->seen.data[byte] | 1u << (number - 1) % 8);
	/* Behind a plan that came first, or else found out by the count. */
	l->beyond += l->has_plan && number > l->planned;
}

static int on_point(struct tap *s, struct tap_point *p, pipe_error *err)
{
	struct tap_level *l = tap_top(s);
	int64_t us = take_time(s, p);

	if (l->plan_is_last && l->points >= l->planned && p->number == 1 && s->depth == 1) {
		int rc = tap_end_stream(s, err);
		if (rc != PIPE_OK)
			return rc;
	}
	if (l->last == UINT32_MAX)
		return lines_error(&s->lines, l->indent + 1, err, "the number of the test is too large");
	note_number(l, p->number ? p->number : l->last + 1, s->options->limits.items);
	if (l->seen.failed)
		return error_nomem(err);
	s->held = true;
	s->ok = p->ok;
	s->todo = p->todo;
	s->skip = p->skip;
	s->opens = p->opens;
	s->duration_us = p->duration_us >= 0 ? p->duration_us : us;
	tap_keep(&s->name, p->name, s->notes.most);
	tap_keep(&s->reason, p->reason, s->notes.most);
	tap_keep(&s->suite, *p->suite || !s->headed || s->depth > 1 ? p->suite : s->heading.data, s->notes.most);
	tap_keep(&s->file, p->file, s->notes.most);
	if (!s->name.length)
		str_printf(&s->name, "test %u", l->last);
	str_reset(&s->announced);
	return PIPE_OK;
}

static int on_plan(struct tap *s, uint32_t planned, const char *reason, pipe_error *err)
{
	struct tap_level *l = tap_top(s);
	int rc = PIPE_OK;

	/* Another plan: files that stand one after the other. */
	if (l->has_plan && s->depth == 1)
		rc = tap_end_stream(s, err);
	if (rc != PIPE_OK)
		return rc;
	l->has_plan = true;
	l->plan_is_last = l->points > 0;
	l->planned = planned;
	for (uint32_t i = 1; !l->beyond && l->plan_is_last && i <= l->seen.length * 8; i++)
		l->beyond += i > planned && ((unsigned char)l->seen.data[(i - 1) / 8] >> (i - 1) % 8 & 1);
	if (!planned && s->depth == 1 && !l->points) {
		struct evidence_test t = { .suite = s->path.data,
					   .name = s->prove ? s->script.data : "all tests",
					   .file = "",
					   .status = TEST_SKIPPED,
					   .duration_us = -1,
					   .message = reason,
					   .details = "" };

		rc = tap_give(s, &t, err);
	}
	s->any = true;
	return rc;
}

static int on_bail(struct tap *s, const char *reason, pipe_error *err)
{
	int rc = tap_flush(s, err);

	s->bailed = true;
	return rc == PIPE_OK ? tap_give_error(s, "Bail out!", reason + strspn(reason, " \t"), err) : rc;
}

/* ---- a line ---- */

static int on_subtest(struct tap *s, const char *name, unsigned indent, pipe_error *err)
{
	/* A deeper one: Test::More used to announce with the indentation of the subtests, others with that of their parent, which has
	 * been announced before then. */
	bool names_itself = indent > tap_top(s)->indent && !s->announced.length, fits;
	int rc;

	if (names_itself)
		tap_keep(&s->announced, name, s->notes.most);
	rc = tap_enter(s, indent, true, &fits, err);
	/* The kernel's version line opens a level that its comment names. */
	if (!names_itself && tap_top(s)->unnamed && s->depth > 1 && !tap_top(s)->points && !tap_top(s)->has_plan)
		tap_name_level(s, name, strlen(name));
	else if (!names_itself)
		tap_keep(&s->announced, name, s->notes.most);
	return rc;
}

static int on_version(struct tap *s, unsigned indent, pipe_error *err)
{
	bool fits;
	int rc = tap_enter(s, indent, true, &fits, err);

	if (rc == PIPE_OK && s->depth == 1 && (tap_top(s)->has_plan || tap_top(s)->points))
		rc = tap_end_stream(s, err);
	s->headed = false;
	s->version = s->lines.number;
	return rc;
}

static bool is_heading(struct tap *s, const char *text)
{
	if (strncmp(text, "# ", 2) || s->depth > 1)
		return false;
	s->headed |= s->version && s->lines.number == s->version + 1;
	return s->headed;
}

static bool begins(const char *text, const char *with, const char **rest)
{
	size_t n = strlen(with);

	*rest = text + n;
	return !strncmp(text, with, n);
}

static int on_other(struct tap *s, const char *text, const char *body)
{
	unsigned indent = (unsigned)(body - text);

	if (s->held && indent > tap_top(s)->indent && !strncmp(body, "---", 3) && !body[3 + strspn(body + 3, " ")])
		tap_notes_open(&s->notes, indent);
	else if (s->held && tap_status(s) != TEST_SKIPPED && !s->ok)
		tap_notes_text(&s->notes, *body == '#' ? body + 1 : text);
	return PIPE_OK;
}

/* The line of a test or of a plan, if its level can be. */
static int on_tap(struct tap *s, char *text, unsigned indent, bool *taken, pipe_error *err)
{
	struct tap_point point;
	const char *reason;
	uint32_t planned;
	bool plan;
	int rc;

	/* What is parsed is written in: only lines that are in their place come so far. */
	*taken = false;
	if (indent > tap_top(s)->indent && (indent - tap_top(s)->indent) % 4)
		return PIPE_OK;
	plan = tap_plan_parse(text + indent, &planned, &reason);
	if (!plan && !tap_point_parse(text + indent, &point))
		return PIPE_OK;
	rc = tap_enter(s, indent, false, taken, err);
	if (rc != PIPE_OK)
		return rc;
	return plan ? on_plan(s, planned, reason, err) : on_point(s, &point, err);
}

/* node-tap's buffered subtests: a `{` may also stand on a line of its own, behind the YAML of the parent. */
static int on_brace(struct tap *s, const char *body, unsigned indent, bool *taken, pipe_error *err)
{
	*taken = (*body == '{' && s->held && indent == tap_top(s)->indent) ||
		 (*body == '}' && s->depth > 1 && indent < tap_top(s)->indent);
	if (*taken && *body == '{')
		s->opens = true;
	return *taken && *body == '}' ? tap_enter(s, indent, true, taken, err) : PIPE_OK;
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct tap *s = payload;
	unsigned indent = (unsigned)strspn(text, " ");
	char *body = text + indent;
	const char *rest;
	bool taken = false;
	int rc;

	(void)length;
	if (s->notes.open && tap_notes_yaml(&s->notes, text, indent))
		return PIPE_OK;
	if (begins(body, "Bail out!", &rest))
		return on_bail(s, rest, err);
	if (!indent) {
		rc = tap_prove_line(s, text, &taken, err);
		if (taken || rc != PIPE_OK)
			return rc;
	} else if (s->between)
		return PIPE_OK;
	if (begins(body, "# Subtest: ", &rest))
		return on_subtest(s, rest, indent, err);
	if (begins(body, "TAP version ", &rest) || begins(body, "KTAP version ", &rest))
		return on_version(s, indent, err);
	if ((*body == '{' || *body == '}') && !body[1 + strspn(body + 1, " ")]) {
		rc = on_brace(s, body, indent, &taken, err);
		if (taken || rc != PIPE_OK)
			return rc;
	}
	if (is_heading(s, text)) {
		tap_keep(&s->heading, text + 2, s->notes.most);
		return tap_flush(s, err);
	}
	rc = on_tap(s, text, indent, &taken, err);
	if (taken || rc != PIPE_OK)
		return rc;
	return on_other(s, text, body);
}

/* ---- the format ---- */

static int tap_begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct tap *s = state;
	struct str *const texts[] = {
		&s->path, &s->announced, &s->heading, &s->name, &s->reason, &s->suite, &s->file, &s->script
	};

	s->options = options;
	s->sink = sink;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		str_init(texts[i]);
	lines_init(&s->lines, options->limits.text_bytes, on_line, s);
	tap_notes_init(&s->notes, options->limits.text_bytes);
	return tap_push(s, 0, err);
}

static int tap_feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return lines_feed(&((struct tap *)state)->lines, bytes, length, err);
}

static int tap_finish(void *state, pipe_error *err)
{
	struct tap *s = state;
	int rc = lines_finish(&s->lines, err);

	if (rc == PIPE_OK && s->prove && !s->done)
		return lines_error(&s->lines, 0, err, "the output of prove ends before its result");
	if (rc == PIPE_OK && !s->prove)
		rc = tap_end_stream(s, err);
	if (rc == PIPE_OK && !s->any)
		rc = lines_error(&s->lines, 0, err,
				 "no test and no plan (1..N): this is no TAP, or the program ended before its first test");
	return rc;
}

static void tap_end(void *state)
{
	struct tap *s = state;
	struct str *const texts[] = {
		&s->path, &s->announced, &s->heading, &s->name, &s->reason, &s->suite, &s->file, &s->script
	};

	if (!s->options)
		return;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		str_clear(texts[i]);
	while (s->depth)
		str_clear(&s->levels[--s->depth].seen);
	free(s->levels);
	lines_clear(&s->lines);
	tap_notes_clear(&s->notes);
}

static unsigned tap_recognise(const char *head, size_t length, const char *path)
{
	size_t name = strlen(path);
	unsigned plans = 0, points = 0;
	const char *const end = head + length;

	for (const char *p = head, *next; p < end; p = next) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p), skip;

		next = newline ? newline + 1 : end;
		if (n > 12 && (!memcmp(p, "TAP version ", 12) || !memcmp(p, "KTAP version", 12)))
			return 100;
		plans += n > 3 && !memcmp(p, "1..", 3) && p[3] >= '0' && p[3] <= '9';
		skip = n > 3 && !memcmp(p, "ok ", 3) ? 3 : n > 7 && !memcmp(p, "not ok ", 7) ? 7 : n;
		points += skip < n &&
			  ((p[skip] >= '0' && p[skip] <= '9') || !memcmp(p + skip, "- ", n - skip > 2 ? 2 : n - skip));
	}
	if (plans || points)
		return plans && points ? 90 : name > 4 && !strcmp(path + name - 4, ".tap") ? 80 : 60;
	return name > 4 && !strcmp(path + name - 4, ".tap") ? 20 : 0;
}

const struct report_format report_tap = {
	.name = "tap",
	.help = "TAP 12 to 14: prove, Bats, node:test, tape, Mocha, pytest-tap, check, Automake, kselftest",
	.gives = GIVES_TESTS,
	.text = true,
	.state_size = sizeof(struct tap),
	.begin = tap_begin,
	.feed = tap_feed,
	.finish = tap_finish,
	.end = tap_end,
	.recognise = tap_recognise,
};
