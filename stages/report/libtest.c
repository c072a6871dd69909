/*
 * What `cargo test` prints for people: the lines of Rust's test harness, program by program.
 *
 * What a test printed stands between, and may look like anything.  So the text of failures is taken only behind the names of tests that
 * failed, and a summary is believed only where it counts what was seen; a program without one did not end.  Failed tests wait for
 * their text until then.
 */
#include "stages/report/formats.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "stages/report/compiler/compiler_line.h"
#include "stages/report/libtest_line.h"
#include "stages/report/lines.h"

#include <string.h>

enum place { OUTSIDE, RUNNING, TEXTS };

struct failed {
	const char *name, *text; /* text: "" */
};

struct libtest {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	enum place place;
	struct str program, pending; /* pending: a test that has begun, and not ended */
	struct str exit;	     /* how cargo says that the program ended */
	struct str build;	     /* what went wrong before any program */
	bool any, waits;	     /* waits: `pending` is one */
	unsigned doubtful;	     /* line of a summary that does not fit; 0: none */
	struct libtest_counts seen;

	/* Of the program's failed tests. */
	struct arena arena;
	struct map index; /* by name: struct failed */
	VEC(struct failed *) failures;
	struct failed *current; /* whose text is being read */
	struct str text;
	size_t text_end; /* of it, if the list of names has begun; 0: it has not */
	size_t held;
};

/* ---- giving ---- */

static int give(struct libtest *s, struct evidence_test *t, pipe_error *err)
{
	return sink_test(s->sink, t, err);
}

/* A documentation test's name holds its line, which moves: the place, and what is documented there. */
static int give_case(struct libtest *s, const char *name, uint8_t status, int64_t us, const char *reason, const char *text,
		     pipe_error *err)
{
	struct evidence_test t = { .suite = s->program.data,
				   .name = name,
				   .file = "",
				   .status = status,
				   .duration_us = us,
				   .message = reason,
				   .details = text };
	const char *dash = strstr(name, " - "), *line = dash ? strstr(dash, " (line ") : NULL, *digits;
	struct str message, file, documented;
	uint32_t where;
	int rc;

	str_init(&message);
	str_init(&file);
	str_init(&documented);
	if (status == TEST_FAILED) {
		libtest_explain(text, &message, &file, &where);
		t.message = message.data;
		t.file = file.data;
		t.line = where;
	}
	digits = line ? line + strlen(" (line ") : NULL;
	if (digits && lines_number(&digits, &where)) {
		str_reset(&file);
		str_add(&file, name, (size_t)(dash - name));
		str_add(&documented, name, (size_t)((line > dash + 2 ? line : dash) - name));
		t.name = documented.data;
		t.file = file.data;
		t.line = where;
	}
	rc = message.failed || file.failed || documented.failed || s->program.failed ? error_nomem(err) : give(s, &t, err);
	str_clear(&message);
	str_clear(&file);
	str_clear(&documented);
	return rc;
}

static int give_error(struct libtest *s, const char *name, const char *message, const char *details, pipe_error *err)
{
	struct evidence_test t = { .suite = s->program.data,
				   .name = name,
				   .file = "",
				   .status = TEST_ERROR,
				   .duration_us = -1,
				   .message = message,
				   .details = details };

	return s->program.failed ? error_nomem(err) : give(s, &t, err);
}

/* ---- programs ---- */

static void keep_text(struct libtest *s)
{
	size_t length = s->text_end ? s->text_end - 1 : s->text.length;
	const char *copy;

	if (s->current && s->held + length <= s->options->limits.item_bytes) {
		while (length && s->text.data[length - 1] == '\n')
			length--;
		copy = arena_strndup(&s->arena, s->text.data, length);
		s->current->text = copy ? copy : "";
		s->held += length;
	}
	s->current = NULL;
	s->text_end = 0;
	str_reset(&s->text);
}

static int give_failures(struct libtest *s, pipe_error *err)
{
	int rc = PIPE_OK;

	keep_text(s);
	for (uint32_t i = 0; rc == PIPE_OK && i < s->failures.count; i++)
		rc = give_case(s, s->failures.items[i]->name, TEST_FAILED, -1, "", s->failures.items[i]->text, err);
	arena_clear(&s->arena);
	s->index = (struct map)MAP_INIT;
	s->failures.items = NULL;
	s->failures.count = s->failures.capacity = 0;
	s->held = 0;
	return rc;
}

static void forget_program(struct libtest *s)
{
	s->place = OUTSIDE;
	s->seen = (struct libtest_counts){ 0 };
	s->doubtful = 0;
	s->waits = false;
	str_reset(&s->pending);
	str_reset(&s->exit);
}

/* The program has no summary. */
static int end_early(struct libtest *s, pipe_error *err)
{
	const char *why = s->exit.length ? s->exit.data : "the test program did not end";
	unsigned doubtful = s->doubtful;
	int rc;

	if (s->place == OUTSIDE)
		return PIPE_OK;
	rc = give_failures(s, err);
	if (rc == PIPE_OK && doubtful) {
		rc = error_set(
			err, PIPE_EPIPELINE,
			"the summary counts other tests than are named above it: the harness was told to be quiet, or not to "
			"capture output");
		if (err)
			err->line = doubtful;
	} else if (rc == PIPE_OK) {
		rc = give_error(s, s->waits ? s->pending.data : s->program.data, why, "", err);
	}
	forget_program(s);
	return rc;
}

static int begin_program(struct libtest *s, pipe_error *err)
{
	int rc = end_early(s, err);

	s->place = RUNNING;
	s->any = true;
	return rc;
}

/* ---- cases ---- */

static int hold(struct libtest *s, const char *name, pipe_error *err)
{
	struct failed **slot, *f;

	s->held += strlen(name);
	if (s->held > s->options->limits.item_bytes)
		return error_set(err, PIPE_ELIMIT, "the names of failed tests take more than %u bytes",
				 s->options->limits.item_bytes);
	f = ARENA_NEW(&s->arena, struct failed);
	slot = vec_push(&s->arena, &s->failures);
	if (!f || !slot || !(f->name = arena_strdup(&s->arena, name)))
		return error_nomem(err);
	f->text = "";
	*slot = f;
	return map_put(&s->index, &s->arena, f->name, strlen(f->name), f) ? PIPE_OK : error_nomem(err);
}

static int end_case(struct libtest *s, const char *name, const struct libtest_case *c, pipe_error *err)
{
	uint32_t *counts[] = {
		[TEST_PASSED] = &s->seen.passed, [TEST_FAILED] = &s->seen.failed, [TEST_SKIPPED] = &s->seen.ignored
	};

	++*counts[c->status];
	s->waits = false;
	return c->status == TEST_FAILED ? hold(s, name, err) : give_case(s, name, c->status, c->duration_us, c->reason, "", err);
}

static bool fits(const struct libtest *s, const struct libtest_counts *c)
{
	return c->failed == s->seen.failed && c->ignored == s->seen.ignored &&
	       c->passed + (uint64_t)c->measured == s->seen.passed;
}

/* *taken false: it is no summary, or only looks like one. */
static int on_summary(struct libtest *s, const char *text, bool *taken, pipe_error *err)
{
	struct libtest_counts counts;
	int rc;

	*taken = libtest_counts_parse(text, &counts) && fits(s, &counts);
	if (!*taken) {
		if (!strncmp(text, "test result: ", 13))
			s->doubtful = s->lines.number;
		return PIPE_OK;
	}
	rc = give_failures(s, err);
	forget_program(s);
	return rc;
}

/* ---- lines ---- */

static int on_running(struct libtest *s, char *text, pipe_error *err)
{
	static const char exited[] = "  process didn't exit successfully: ";
	struct libtest_case c = { .reason = "" };
	bool taken;
	int rc = on_summary(s, text, &taken, err);

	if (rc || taken)
		return rc;
	if (!strcmp(text, "failures:") || !strcmp(text, "successes:")) {
		s->place = TEXTS;
	} else if (s->waits && libtest_result_parse(text, &c)) {
		rc = end_case(s, s->pending.data, &c, err);
	} else if (libtest_case_parse(text, &c)) {
		if (c.ended)
			return end_case(s, c.name, &c, err);
		str_reset(&s->pending);
		str_adds(&s->pending, c.name);
		s->waits = true;
	} else if (!strncmp(text, exited, sizeof(exited) - 1)) {
		str_reset(&s->exit);
		str_adds(&s->exit, text + 2);
	}
	return s->pending.failed || s->exit.failed ? error_nomem(err) : rc;
}

static int on_text(struct libtest *s, char *text, pipe_error *err)
{
	bool taken, is_list = !strcmp(text, "failures:");
	int rc = on_summary(s, text, &taken, err);
	size_t length = strlen(text);
	struct failed *f;
	char *name;

	if (rc || taken)
		return rc;
	name = libtest_heading(text);
	f = name ? map_get(&s->index, name, strlen(name)) : NULL;
	if (f && !*f->text && f != s->current) {
		keep_text(s);
		s->current = f;
		return PIPE_OK;
	}
	if (name)
		text[length - strlen(" stdout ----")] = ' '; /* it was no heading after all */
	if (is_list)
		s->text_end = s->text.length + 1;
	lines_keep(&s->text, text, length, s->options->limits.text_bytes);
	lines_keep(&s->text, "\n", 1, s->options->limits.text_bytes);
	return s->text.failed ? error_nomem(err) : PIPE_OK;
}

/* Cargo's own lines: which program comes, and why none does. */
static int on_outside(struct libtest *s, const char *text, pipe_error *err)
{
	if (libtest_program_parse(text, &s->program))
		return s->program.failed ? error_nomem(err) : PIPE_OK;
	if (s->any || (!s->build.length && strncmp(text, "error", 5)))
		return PIPE_OK;
	lines_keep(&s->build, text, strlen(text), s->options->limits.text_bytes);
	lines_keep(&s->build, "\n", 1, s->options->limits.text_bytes);
	return s->build.failed ? error_nomem(err) : PIPE_OK;
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct libtest *s = payload;
	int rc;

	length = compiler_line_plain(text, length);
	if (s->place == TEXTS)
		return on_text(s, text, err);
	if (libtest_begins(text))
		return begin_program(s, err);
	if (s->place == OUTSIDE)
		return on_outside(s, text, err);
	if (length && *text == ' ' && (strstr(text, " Running ") || strstr(text, " Doc-tests "))) {
		struct str next;
		str_init(&next);
		rc = libtest_program_parse(text, &next) ? end_early(s, err) : PIPE_OK;
		str_clear(&next);
		if (rc || s->place == OUTSIDE)
			return rc ? rc : on_outside(s, text, err);
	}
	return on_running(s, text, err);
}

/* ---- the format ---- */

static int libtest_begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct libtest *s = state;

	(void)err;
	s->options = options;
	s->sink = sink;
	str_init(&s->program);
	str_init(&s->pending);
	str_init(&s->exit);
	str_init(&s->build);
	str_init(&s->text);
	lines_init(&s->lines, options->limits.text_bytes, on_line, s);
	return PIPE_OK;
}

static int libtest_feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return lines_feed(&((struct libtest *)state)->lines, bytes, length, err);
}

static int libtest_finish(void *state, pipe_error *err)
{
	struct libtest *s = state;
	int rc = lines_finish(&s->lines, err);

	if (rc == PIPE_OK)
		rc = end_early(s, err);
	if (rc || s->any)
		return rc;
	if (!s->build.length)
		return error_set(err, PIPE_EPIPELINE, "there is no output of a Rust test program in it");
	str_reset(&s->program);
	str_printf(&s->pending, "%.*s", (int)strcspn(s->build.data, "\n"), s->build.data);
	return s->pending.failed ? error_nomem(err) : give_error(s, "the build", s->pending.data, s->build.data, err);
}

static void libtest_end(void *state)
{
	struct libtest *s = state;

	if (!s->options)
		return;
	str_clear(&s->program);
	str_clear(&s->pending);
	str_clear(&s->exit);
	str_clear(&s->build);
	str_clear(&s->text);
	arena_clear(&s->arena);
	lines_clear(&s->lines);
}

/* `running 3 tests`, and what only a harness writes behind it. */
static unsigned libtest_recognise(const char *head, size_t length, const char *path)
{
	const char *p = length ? strstr(head, "running ") : NULL;

	(void)path;
	for (; p; p = strstr(p + 1, "running ")) {
		char line[32];
		size_t n = strcspn(p, "\r\n");

		if ((p != head && p[-1] != '\n') || n >= sizeof(line))
			continue;
		memcpy(line, p, n);
		line[n] = '\0';
		if (libtest_begins(line))
			return strstr(p, "\ntest ") ? 80 : 40;
	}
	return 0;
}

const struct report_format report_libtest = {
	.name = "libtest",
	.help = "output of cargo test, as people read it",
	.gives = GIVES_TESTS,
	.text = true,
	.state_size = sizeof(struct libtest),
	.begin = libtest_begin,
	.feed = libtest_feed,
	.finish = libtest_finish,
	.end = libtest_end,
	.recognise = libtest_recognise,
};
