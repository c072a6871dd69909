#include "stages/report/tap/tap_level.h"

#include "base/arena.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const planless = "no plan (1..N): the output was cut off, or the program ended early";

/* ---- giving ---- */

int tap_give(struct tap *s, struct evidence_test *t, pipe_error *err)
{
	s->any = true;
	if (t->status == TEST_FAILED || t->status == TEST_ERROR) {
		tap_top(s)->failures++;
		s->script_failures++;
		s->failures++;
	}
	return sink_test(s->sink, t, err);
}

int tap_give_error(struct tap *s, const char *name, const char *message, pipe_error *err)
{
	struct evidence_test t = { .suite = s->path.data,
				   .name = name,
				   .file = "",
				   .status = TEST_ERROR,
				   .duration_us = -1,
				   .message = message,
				   .details = "" };

	return s->path.failed ? error_nomem(err) : tap_give(s, &t, err);
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
enum test_status tap_status(const struct tap *s)
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
		rc = tap_give(s, &t, err);
	arena_clear(&a);
	return rc;
}

int tap_flush(struct tap *s, pipe_error *err)
{
	struct tap_level *l = tap_top(s);
	enum test_status status = tap_status(s);
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

void tap_shorten_path(struct tap *s, size_t length)
{
	if (length < s->path.length) {
		s->path.length = length;
		s->path.data[length] = '\0';
	}
}

void tap_name_level(struct tap *s, const char *name, size_t length)
{
	if (length && s->path.length < s->notes.most) {
		if (s->path.length)
			str_adds(&s->path, " > ");
		str_add(&s->path, name, length);
	}
	tap_top(s)->path = s->path.length;
	tap_top(s)->unnamed = !length;
}

int tap_push(struct tap *s, unsigned indent, pipe_error *err)
{
	struct tap_level *l;

	if (s->depth > s->options->limits.depth)
		return lines_error(&s->lines, indent + 1, err, "subtests are nested more than %u deep", s->options->limits.depth);
	if (s->depth == s->capacity) {
		uint32_t capacity = s->capacity ? s->capacity * 2 : 8;
		struct tap_level *more = realloc(s->levels, capacity * sizeof(*more));

		if (!more)
			return error_nomem(err);
		s->levels = more;
		s->capacity = capacity;
	}
	l = &s->levels[s->depth++];
	*l = (struct tap_level){ .indent = indent };
	str_init(&l->seen);
	tap_name_level(s, s->announced.data, s->announced.length);
	str_reset(&s->announced);
	return PIPE_OK;
}

/* Numbers of the plan that came. */
static uint64_t seen_of_plan(const struct tap_level *l)
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
	const struct tap_level *l = tap_top(s);
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
	return tap_give_error(s, name, message, err);
}

static int leave(struct tap *s, pipe_error *err)
{
	struct tap_level l, *parent;
	int rc = tap_flush(s, err);

	if (rc == PIPE_OK)
		rc = check_plan(s, err);
	l = *tap_top(s);
	str_clear(&l.seen);
	s->depth--;
	parent = tap_top(s);
	if (rc == PIPE_OK && l.braced && (!(l.points + l.below) || (l.status == TEST_FAILED && !l.failures))) {
		struct evidence_test t = { .suite = "",
					   .name = s->path.data,
					   .file = "",
					   .status = l.status,
					   .duration_us = -1,
					   .message = "",
					   .details = "" };

		rc = tap_give(s, &t, err);
	} else
		parent->failures += l.failures;
	if (!l.braced) {
		parent->below += l.points + l.below;
		parent->below_failures += l.failures;
	}
	tap_shorten_path(s, parent->path);
	return rc;
}

void tap_keep(struct str *out, const char *text, size_t most)
{
	str_reset(out);
	lines_keep(out, text, strlen(text), most);
}

/* The held line is that of the parent, and its subtests follow. */
static int open_brace(struct tap *s, unsigned indent, pipe_error *err)
{
	enum test_status status = tap_status(s);
	int rc;

	s->held = false;
	tap_notes_reset(&s->notes);
	tap_keep(&s->announced, s->name.data, s->notes.most);
	rc = tap_push(s, indent, err);
	if (rc == PIPE_OK) {
		tap_top(s)->braced = true;
		tap_top(s)->status = (uint8_t)status;
	}
	return rc;
}

int tap_enter(struct tap *s, unsigned indent, bool announces, bool *fits, pipe_error *err)
{
	int rc = PIPE_OK;

	*fits = true;
	if (indent > tap_top(s)->indent && !announces && (indent - tap_top(s)->indent) % 4) {
		*fits = false;
		return PIPE_OK;
	}
	while (rc == PIPE_OK && s->depth > 1 && indent < tap_top(s)->indent)
		rc = leave(s, err);
	if (rc == PIPE_OK && s->held && s->opens && indent > tap_top(s)->indent)
		return open_brace(s, indent, err);
	if (rc == PIPE_OK)
		rc = tap_flush(s, err);
	if (rc == PIPE_OK && indent > tap_top(s)->indent)
		rc = tap_push(s, indent, err);
	return rc;
}

int tap_end_stream(struct tap *s, pipe_error *err)
{
	struct tap_level *root;
	int rc = PIPE_OK;

	while (rc == PIPE_OK && s->depth > 1)
		rc = leave(s, err);
	if (rc == PIPE_OK)
		rc = tap_flush(s, err);
	if (rc != PIPE_OK)
		return rc;
	root = tap_top(s);
	if (!root->has_plan && (root->points || root->below) && !s->bailed)
		rc = tap_give_error(s, "no plan", planless, err);
	else
		rc = check_plan(s, err);
	str_clear(&root->seen);
	*root = (struct tap_level){ .path = root->path };
	str_reset(&s->announced);
	return rc;
}
