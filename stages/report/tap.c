/*
 * TAP, the Test Anything Protocol, versions 12 to 14, and what `prove -v` makes of several of them.
 *
 * A test's line is held until the next one, since its YAML or its comments follow it.  Subtests are levels by indentation: their tests
 * are what counts, and the line of their parent only where it says more (it failed although none of them did).  Whoever did not run
 * what was planned, or ended without a plan, gets an error of its own: what is missing in TAP is never green.
 */
#include "stages/report/formats.h"

#include "base/arena.h"
#include "base/error.h"
#include "stages/report/lines.h"
#include "stages/report/tap_notes.h"
#include "stages/report/tap_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct level {
	unsigned indent;
	size_t path; /* how much of the path of names its tests have as their suite */
	bool has_plan, plan_is_last, unnamed;
	uint32_t planned, last; /* number of the last test */
	uint64_t points, beyond, failures;
	struct str seen; /* a bit for each number that came */
	/* of subtests that ended, until their parent's line */
	uint64_t below, below_failures;
	/* opened by a `{` behind its parent's line, which has this status */
	bool braced;
	uint8_t status;
};

struct tap {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	struct level *levels;
	uint32_t depth, capacity;
	struct str path;      /* names of the open subtests, by " > " */
	struct str announced; /* `# Subtest: ` */
	/* tape and Deno: a comment is the heading of the tests behind it, and the first one stands right behind the version. */
	struct str heading;
	unsigned version; /* line of the version */
	bool headed;
	/* The test that is held. */
	bool held, ok, todo, skip, opens;
	struct str name, reason, suite, file;
	int64_t duration_us;
	struct tap_notes notes;
	bool bailed, any, timed, bats_times;
	/* prove */
	bool prove, between, done;
	struct str script;
	uint64_t script_failures, failures;
};

static const char *const planless = "no plan (1..N): the output was cut off, or the program ended early";

static struct level *top(struct tap *s)
{
	return &s->levels[s->depth - 1];
}

/* ---- giving ---- */

static int give(struct tap *s, struct evidence_test *t, pipe_error *err)
{
	s->any = true;
	if (t->status == TEST_FAILED || t->status == TEST_ERROR) {
		top(s)->failures++;
		s->script_failures++;
		s->failures++;
	}
	return s->sink->test ? s->sink->test(s->sink->payload, t, err) : PIPE_OK;
}

/* What is no test of the report's own, but red. */
static int give_error(struct tap *s, const char *name, const char *message, pipe_error *err)
{
	struct evidence_test t = { .suite = s->path.data,
				   .name = name,
				   .file = "",
				   .status = TEST_ERROR,
				   .duration_us = -1,
				   .message = message,
				   .details = "" };

	return s->path.failed ? error_nomem(err) : give(s, &t, err);
}

static const char *message_of(struct tap *s, struct arena *a)
{
	const struct tap_notes *n = &s->notes;

	if (s->ok || s->todo)
		return s->reason.data;
	if (n->message.length)
		return n->message.data;
	if (n->wanted.length && n->found.length && strcmp(n->wanted.data, n->found.data) != 0)
		return arena_printf(a, "expected %s, got %s", n->wanted.data, n->found.data);
	return s->reason.data;
}

/* `not ok # SKIP` failed (Bats: its teardown did), but for Test::More's todo_skip. */
static enum test_status status_of(const struct tap *s)
{
	if (s->skip && (s->ok || s->todo))
		return TEST_SKIPPED;
	return s->ok || s->todo ? TEST_PASSED : TEST_FAILED;
}

static int give_held(struct tap *s, enum test_status status, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	struct evidence_test t = { .name = s->name.data,
				   .status = (uint8_t)status,
				   .expected = s->todo && !s->ok && status == TEST_PASSED,
				   .line = s->notes.line };
	int rc = error_nomem(err);

	t.suite = s->suite.length ? s->suite.data : s->path.data;
	t.details = status == TEST_FAILED || t.expected ? s->notes.details.data : "";
	t.duration_us = s->duration_us >= 0 ? s->duration_us : s->notes.duration_us;
	t.message = message_of(s, &a);
	t.file = evidence_path(&a, s->options->workspace, s->file.length ? s->file.data : s->notes.file.data);
	if (t.message && t.file && !tap_notes_failed(&s->notes) && !s->name.failed && !s->reason.failed && !s->path.failed)
		rc = give(s, &t, err);
	arena_clear(&a);
	return rc;
}

/* The held test is whole. */
static int flush(struct tap *s, pipe_error *err)
{
	struct level *l = top(s);
	enum test_status status = status_of(s);
	uint64_t below = l->below, red = l->below_failures;
	int rc = PIPE_OK;

	if (!s->held)
		return PIPE_OK;
	s->held = false;
	if (s->opens)
		str_adds(&s->name, " {");
	l->below = l->below_failures = 0;
	if (!below || (status == TEST_FAILED && !red))
		rc = give_held(s, status, err);
	tap_notes_reset(&s->notes);
	return rc;
}

/* ---- levels ---- */

static void shorten_path(struct tap *s, size_t length)
{
	if (length < s->path.length) {
		s->path.length = length;
		s->path.data[length] = '\0';
	}
}

static void name_level(struct tap *s, const char *name, size_t length)
{
	if (length && s->path.length < s->notes.most) {
		if (s->path.length)
			str_adds(&s->path, " > ");
		str_add(&s->path, name, length);
	}
	top(s)->path = s->path.length;
	top(s)->unnamed = !length;
}

static int push(struct tap *s, unsigned indent, pipe_error *err)
{
	struct level *l;

	if (s->depth > s->options->limits.depth)
		return lines_error(&s->lines, indent + 1, err, "subtests are nested more than %u deep", s->options->limits.depth);
	if (s->depth == s->capacity) {
		uint32_t capacity = s->capacity ? s->capacity * 2 : 8;
		struct level *more = realloc(s->levels, capacity * sizeof(*more));

		if (!more)
			return error_nomem(err);
		s->levels = more;
		s->capacity = capacity;
	}
	l = &s->levels[s->depth++];
	*l = (struct level){ .indent = indent };
	str_init(&l->seen);
	name_level(s, s->announced.data, s->announced.length);
	str_reset(&s->announced);
	return PIPE_OK;
}

/* Numbers of the plan that came. */
static uint64_t seen_of_plan(const struct level *l)
{
	uint64_t count = 0;

	for (size_t i = 0; i < l->seen.length; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			count += ((unsigned char)l->seen.data[i] >> bit & 1) && i * 8 + bit + 1 <= l->planned;
	return count;
}

/* Mocha gives a failed hook the number of a test, or one beyond the plan: where something failed, only the count is looked at. */
static int check_plan(struct tap *s, pipe_error *err)
{
	const struct level *l = top(s);
	uint64_t missing = l->points < l->planned ? l->planned - l->points : 0, extra = 0;
	char name[64], message[128];

	if (!l->has_plan || s->bailed)
		return PIPE_OK;
	if (!l->failures && !missing && l->beyond && l->points > l->planned)
		extra = l->points - l->planned;
	else if (!l->failures && !missing && !l->beyond)
		missing = l->planned - seen_of_plan(l);
	if (!missing && !extra)
		return PIPE_OK;
	snprintf(name, sizeof(name), "%llu %s%s %s", (unsigned long long)missing + extra, extra ? "more " : "",
		 missing + extra == 1 ? "test" : "tests", missing ? "did not run" : "ran than planned");
	snprintf(message, sizeof(message), "planned %u, ran %llu%s", l->planned, (unsigned long long)l->points,
		 missing && l->points >= l->planned ? ", but a number came twice" : "");
	return give_error(s, name, message, err);
}

static int leave(struct tap *s, pipe_error *err)
{
	struct level l, *parent;
	int rc = flush(s, err);

	if (rc == PIPE_OK)
		rc = check_plan(s, err);
	l = *top(s);
	str_clear(&l.seen);
	s->depth--;
	parent = top(s);
	if (rc == PIPE_OK && l.braced && (!(l.points + l.below) || (l.status == TEST_FAILED && !l.failures))) {
		struct evidence_test t = { .suite = "",
					   .name = s->path.data,
					   .file = "",
					   .status = l.status,
					   .duration_us = -1,
					   .message = "",
					   .details = "" };

		rc = give(s, &t, err);
	} else
		parent->failures += l.failures;
	if (!l.braced) {
		parent->below += l.points + l.below;
		parent->below_failures += l.failures;
	}
	shorten_path(s, parent->path);
	return rc;
}

static void keep(struct str *out, const char *text, size_t most)
{
	str_reset(out);
	lines_keep(out, text, strlen(text), most);
}

/* The held line is that of the parent, and its subtests follow. */
static int open_brace(struct tap *s, unsigned indent, pipe_error *err)
{
	enum test_status status = status_of(s);
	int rc;

	s->held = false;
	tap_notes_reset(&s->notes);
	keep(&s->announced, s->name.data, s->notes.most);
	rc = push(s, indent, err);
	if (rc == PIPE_OK) {
		top(s)->braced = true;
		top(s)->status = (uint8_t)status;
	}
	return rc;
}

/* Brings the level of a line's indentation to the top; *fits false: no level can begin here, the line is no TAP. */
static int enter(struct tap *s, unsigned indent, bool announces, bool *fits, pipe_error *err)
{
	int rc = PIPE_OK;

	*fits = true;
	if (indent > top(s)->indent && !announces && (indent - top(s)->indent) % 4) {
		*fits = false;
		return PIPE_OK;
	}
	while (rc == PIPE_OK && s->depth > 1 && indent < top(s)->indent)
		rc = leave(s, err);
	if (rc == PIPE_OK && s->held && s->opens && indent > top(s)->indent)
		return open_brace(s, indent, err);
	if (rc == PIPE_OK)
		rc = flush(s, err);
	if (rc == PIPE_OK && indent > top(s)->indent)
		rc = push(s, indent, err);
	return rc;
}

/* Ends the stream: another may follow in the same file. */
static int end_stream(struct tap *s, pipe_error *err)
{
	struct level *root;
	int rc = PIPE_OK;

	while (rc == PIPE_OK && s->depth > 1)
		rc = leave(s, err);
	if (rc == PIPE_OK)
		rc = flush(s, err);
	if (rc != PIPE_OK)
		return rc;
	root = top(s);
	if (!root->has_plan && (root->points || root->below) && !s->bailed)
		rc = give_error(s, "no plan", planless, err);
	else
		rc = check_plan(s, err);
	str_clear(&root->seen);
	*root = (struct level){ .path = root->path };
	str_reset(&s->announced);
	return rc;
}

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

static void note_number(struct level *l, uint32_t number, uint64_t most)
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
	struct level *l = top(s);
	int64_t us = take_time(s, p);

	if (l->plan_is_last && l->points >= l->planned && p->number == 1 && s->depth == 1) {
		int rc = end_stream(s, err);
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
	keep(&s->name, p->name, s->notes.most);
	keep(&s->reason, p->reason, s->notes.most);
	keep(&s->suite, *p->suite || !s->headed || s->depth > 1 ? p->suite : s->heading.data, s->notes.most);
	keep(&s->file, p->file, s->notes.most);
	if (!s->name.length)
		str_printf(&s->name, "test %u", l->last);
	str_reset(&s->announced);
	return PIPE_OK;
}

static int on_plan(struct tap *s, uint32_t planned, const char *reason, pipe_error *err)
{
	struct level *l = top(s);
	int rc = PIPE_OK;

	/* Another plan: files that stand one after the other. */
	if (l->has_plan && s->depth == 1)
		rc = end_stream(s, err);
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

		rc = give(s, &t, err);
	}
	s->any = true;
	return rc;
}

static int on_bail(struct tap *s, const char *reason, pipe_error *err)
{
	int rc = flush(s, err);

	s->bailed = true;
	return rc == PIPE_OK ? give_error(s, "Bail out!", reason + strspn(reason, " \t"), err) : rc;
}

/* ---- prove ---- */

/* `t/a.t .. `, with what comes behind it. */
static char *prove_header(char *text)
{
	char *dots = strstr(text, " ..");

	if (!dots || dots == text || *text == ' ' || *text == '#' || strcspn(text, " \t") < (size_t)(dots - text))
		return NULL;
	*dots = '\0';
	for (dots += 3; *dots == '.'; dots++)
		;
	if (*dots && *dots != ' ') {
		text[strlen(text)] = ' ';
		return NULL;
	}
	return dots + (*dots == ' ');
}

/* How prove says that a script ended. */
static int prove_end(struct tap *s, const char *text, pipe_error *err)
{
	bool empty = !top(s)->has_plan && !top(s)->points && !top(s)->below;
	struct evidence_test t = {
		.suite = "", .name = s->script.data, .file = "", .duration_us = -1, .message = "", .details = ""
	};
	int rc = end_stream(s, err);

	s->between = true;
	if (rc != PIPE_OK)
		return rc;
	if (!strncmp(text, "skipped", 7)) {
		t.status = TEST_SKIPPED;
		t.message = text[7] == ':' ? text + 8 + strspn(text + 8, " ") : "";
	} else if (!strcmp(text, "ok")) {
		t.status = TEST_PASSED;
	} else {
		t.status = TEST_ERROR;
		t.message = text;
		empty = !s->script_failures;
	}
	return empty ? give(s, &t, err) : PIPE_OK;
}

static int on_prove(struct tap *s, char *text, bool *taken, pipe_error *err)
{
	static const char *const ends[] = { "Dubious, ", "Failed ", "No subtests run", "skipped" };
	char *rest = prove_header(text);
	int rc;

	*taken = true;
	if (rest) {
		rc = s->prove && s->between ? PIPE_OK : end_stream(s, err);
		s->prove = true;
		s->between = s->bailed = false;
		s->script_failures = 0;
		keep(&s->script, text, s->notes.most);
		keep(&s->path, text, s->notes.most);
		top(s)->path = s->path.length;
		rest[strcspn(rest, "\t")] = '\0';
		return rc == PIPE_OK && *rest ? prove_end(s, rest, err) : rc;
	}
	if (s->prove && !strncmp(text, "Result: ", 8)) {
		s->done = true;
		shorten_path(s, 0);
		return strncmp(text + 8, "FAIL", 4) || s->failures ? PIPE_OK : give_error(s, "prove", text, err);
	}
	for (size_t i = 0; s->prove && !s->between && i < sizeof(ends) / sizeof(*ends); i++)
		if (!strncmp(text, ends[i], strlen(ends[i])))
			return prove_end(s, text, err);
	if (s->prove && !s->between && (!strcmp(text, "ok") || !strncmp(text, "All ", 4)))
		return prove_end(s, "ok", err);
	*taken = s->between;
	return PIPE_OK;
}

/* ---- a line ---- */

static int on_subtest(struct tap *s, const char *name, unsigned indent, pipe_error *err)
{
	/* A deeper one: Test::More used to announce with the indentation of the subtests, others with that of their parent, which has
	 * been announced before then. */
	bool names_itself = indent > top(s)->indent && !s->announced.length, fits;
	int rc;

	if (names_itself)
		keep(&s->announced, name, s->notes.most);
	rc = enter(s, indent, true, &fits, err);
	/* The kernel's version line opens a level that its comment names. */
	if (!names_itself && top(s)->unnamed && s->depth > 1 && !top(s)->points && !top(s)->has_plan)
		name_level(s, name, strlen(name));
	else if (!names_itself)
		keep(&s->announced, name, s->notes.most);
	return rc;
}

static int on_version(struct tap *s, unsigned indent, pipe_error *err)
{
	bool fits;
	int rc = enter(s, indent, true, &fits, err);

	if (rc == PIPE_OK && s->depth == 1 && (top(s)->has_plan || top(s)->points))
		rc = end_stream(s, err);
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

	if (s->held && indent > top(s)->indent && !strncmp(body, "---", 3) && !body[3 + strspn(body + 3, " ")])
		tap_notes_open(&s->notes, indent);
	else if (s->held && status_of(s) != TEST_SKIPPED && !s->ok)
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
	if (indent > top(s)->indent && (indent - top(s)->indent) % 4)
		return PIPE_OK;
	plan = tap_plan_parse(text + indent, &planned, &reason);
	if (!plan && !tap_point_parse(text + indent, &point))
		return PIPE_OK;
	rc = enter(s, indent, false, taken, err);
	if (rc != PIPE_OK)
		return rc;
	return plan ? on_plan(s, planned, reason, err) : on_point(s, &point, err);
}

/* node-tap's buffered subtests: a `{` may also stand on a line of its own, behind the YAML of the parent. */
static int on_brace(struct tap *s, const char *body, unsigned indent, bool *taken, pipe_error *err)
{
	*taken = (*body == '{' && s->held && indent == top(s)->indent) ||
		 (*body == '}' && s->depth > 1 && indent < top(s)->indent);
	if (*taken && *body == '{')
		s->opens = true;
	return *taken && *body == '}' ? enter(s, indent, true, taken, err) : PIPE_OK;
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
		rc = on_prove(s, text, &taken, err);
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
		keep(&s->heading, text + 2, s->notes.most);
		return flush(s, err);
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
	return push(s, 0, err);
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
		rc = end_stream(s, err);
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
