/*
 * `go test -json` (`go doc test2json`): events of packages and tests, a JSON value a line, between lines of plain text that older
 * versions and other tools print.  What counts are the events.  Versions before 1.20 take "--- FAIL: TestX" for one when a test prints
 * it: a failure waits for the end of its package, and does not count in one that passed, when its test had not begun or passed after all.
 *
 * go's verdict on the package rules: what has not ended when its package passes has passed (benchmarks never say how they ended, nor
 * do tests whose last line of output lacked its end), in a package that failed it has not.  A package that failed although none of its
 * tests did (a build, TestMain, an exit, a race found at the end) is a test of its own, named after the package.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/gotest_units.h"
#include "stages/report/json/json_item.h"
#include "stages/report/lines.h"

#include <math.h>
#include <string.h>

enum { EVENT };

static const struct json_pattern patterns[] = { [EVENT] = { "", JSON_ITEM, false } };

static const char *const keep[] = { "Action", "Elapsed", "FailedBuild", "ImportPath", "Output", "Package", "Test", NULL };

struct state {
	struct lines lines;
	struct json_items items;
	const struct evidence_sink *sink;
	struct units units;
	struct unit *build; /* that plain lines belong to; none behind an event */
	bool any;
};

struct event {
	const char *package, *test, *output, *import, *failed_build;
	int64_t elapsed_us;
};

/* ---- what a test printed ---- */

static const char *const frames[] = { "=== ", "--- ",	   "FAIL\t",	  "FAIL\n",    "PASS\n", "ok  \t",
				      "# ",   "Benchmark", "exit status", "coverage:", "goos: ", "goarch: " };

static bool is_frame(const char *line)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		if (!strncmp(line, frames[i], strlen(frames[i])))
			return true;
	return !*line || *line == '\n';
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* "name_test.go:12: ": what a test logs, or fails with. */
static bool is_logged(const char *line)
{
	const char *colon = strchr(line, ':');

	return colon && colon - line > 3 && !memcmp(colon - 3, ".go", 3) && colon[1] >= '0' && colon[1] <= '9';
}

/* What it failed with comes behind what it logged; where nothing was logged, the first line that is more than go's own framing.  To
 * the text's end; "" when there is none. */
static const char *best_words(const char *output)
{
	const char *first = "", *logged = NULL;

	for (; *output; output = next_line(output)) {
		const char *p = output + strspn(output, " \t");

		if (is_frame(p))
			continue;
		first = *first ? first : p;
		logged = p > output && is_logged(p) ? p : logged;
	}
	return logged ? logged : first;
}

/* A panic says more than what was printed before it. */
static const char *find_panic(const char *output)
{
	for (const char *p = output; *p; p = next_line(p))
		if (!strncmp(p, "panic: ", 7) || !strncmp(p, "fatal error: ", 13))
			return p;
	return NULL;
}

/* Up to the line's end; "x_test.go:3:" alone takes the next line with it. */
static size_t message_length(const char *text)
{
	size_t n = strcspn(text, "\n");

	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
		n--;
	return n && text[n - 1] == ':' && text[n] ? n + 1 + strcspn(text + n + 1, "\n") : n;
}

/* ---- tests ---- */

static int emit(struct state *s, const struct unit *u, uint8_t status, const char *reason, int64_t us, const char *output,
		pipe_error *err)
{
	struct evidence_test t = { .suite = u->package, .name = *u->name ? u->name : u->package, .status = status };
	bool passed = status == TEST_PASSED;
	const char *words = passed ? "" : find_panic(output);
	struct arena a = ARENA_INIT;
	int rc;

	words = words ? words : best_words(output);
	t.duration_us = us;
	t.file = "";
	t.details = passed ? "" : output;
	t.message = reason;
	if (*words)
		t.message = arena_printf(&a, "%s%s%.*s", reason, *reason ? ": " : "", (int)message_length(words), words);
	if (!t.message)
		return error_nomem(err);
	rc = sink_test(s->sink, &t, err);
	arena_clear(&a);
	return rc;
}

static struct unit *package_of(struct unit *u)
{
	while (u->parent)
		u = u->parent;
	return u;
}

/* A test is over. */
static int end_test(struct state *s, struct unit *u, uint8_t status, const char *reason, int64_t us, pipe_error *err)
{
	struct unit *package = package_of(u);
	int rc = emit(s, u, status, reason, us, u->output.data, err);

	package->failures += status == TEST_FAILED || status == TEST_ERROR;
	units_remove(&s->units, u);
	return rc;
}

static bool is_benchmark(const struct unit *u)
{
	return !strncmp(u->name, "Benchmark", 9);
}

/* A failure of which go knows nothing was only printed. */
static int end_failed(struct state *s, struct unit *u, bool passed, pipe_error *err)
{
	if (!passed || (u->started && !u->doubted))
		return end_test(s, u, TEST_FAILED, "", u->us, err);
	if (u->started)
		return end_test(s, u, TEST_PASSED, "", u->us, err);
	units_remove(&s->units, u);
	return PIPE_OK;
}

/* What has not ended ends with what it is part of. */
static int end_children(struct state *s, struct unit *u, bool passed, pipe_error *err)
{
	int rc = PIPE_OK;

	while (u->children.first && !rc) {
		struct unit *child = u->children.first;
		bool fine = passed || (is_benchmark(child) && !child->failed);

		rc = end_children(s, child, fine && !child->failed, err);
		if (rc)
			break;
		if (child->failed)
			rc = end_failed(s, child, passed, err);
		else if (child->started || is_benchmark(child))
			rc = end_test(s, child, fine ? TEST_PASSED : TEST_ERROR, fine ? "" : "it did not end", -1, err);
		else
			units_remove(&s->units, child);
	}
	return rc;
}

/* ---- packages ---- */

static struct unit *find_build(struct state *s, const struct unit *package, const char *import)
{
	struct unit *build = *import ? units_find(&s->units, UNIT_BUILD, import, "") : NULL;

	/* "# p [p.test]" of versions that do not name it in the event. */
	for (struct unit *u = s->units.list.first; u && !build; u = u->next) {
		size_t n = strlen(package->package);

		if (u->sort == UNIT_BUILD && n && !strncmp(u->package, package->package, n) && strchr(" ", u->package[n]))
			build = u;
	}
	return build;
}

static int fail_package(struct state *s, struct unit *package, const char *import, int64_t us, pipe_error *err)
{
	struct unit *build = find_build(s, package, import);
	const char *reason = "the package failed, and none of its tests";
	int rc;

	if (s->units.key.failed)
		return error_nomem(err);
	package->ended = package->failed = true;
	if (build)
		build->told = true;
	if (package->failures)
		return PIPE_OK;
	package->failures++;
	if (build || *import)
		reason = "the build failed";
	else if (strstr(package->output.data, "[setup failed]"))
		reason = "the set-up failed";
	rc = emit(s, package, TEST_ERROR, reason, us, build ? build->output.data : package->output.data, err);
	return rc;
}

static int end_package(struct state *s, const struct event *e, bool passed, pipe_error *err)
{
	struct unit *u;
	int rc = units_get(&s->units, UNIT_PACKAGE, e->package, "", &u, err);

	if (!rc)
		rc = end_children(s, u, passed, err);
	if (!rc && !passed)
		rc = fail_package(s, u, e->failed_build, e->elapsed_us, err);
	if (rc)
		return rc;
	u->ended = true;
	s->units.held -= u->output.length;
	str_clear(&u->output);
	return PIPE_OK;
}

/* ---- events ---- */

static int on_begin(struct state *s, const struct event *e, pipe_error *err)
{
	struct unit *u, *package;
	int rc = units_get(&s->units, UNIT_PACKAGE, e->package, "", &package, err);

	if (rc)
		return rc;
	/* Again: a rerun of gotestsum.  (A package whose build failed may have ended before it begins.) */
	if (package->ended && package->started) {
		package->ended = package->failed = false;
		package->failures = 0;
	}
	package->started = true;
	if (!*e->test)
		return PIPE_OK;
	package->runs++;
	rc = units_get(&s->units, UNIT_TEST, e->package, e->test, &u, err);
	/* Again: -count. */
	if (!rc && u->failed) {
		rc = end_children(s, u, false, err);
		if (!rc)
			rc = end_test(s, u, TEST_FAILED, "", u->us, err);
		if (!rc)
			rc = units_get(&s->units, UNIT_TEST, e->package, e->test, &u, err);
	}
	if (!rc)
		u->started = true;
	return rc;
}

/* A test ended that had not begun: printed, but for reports that hold nothing but ends. */
static bool is_printed(struct unit *u)
{
	return !u->started && package_of(u)->runs > 0;
}

static int on_end(struct state *s, const struct event *e, uint8_t status, pipe_error *err)
{
	struct unit *u;
	int rc;

	if (!*e->test)
		return end_package(s, e, status != TEST_FAILED, err);
	rc = units_get(&s->units, UNIT_TEST, e->package, e->test, &u, err);
	if (rc)
		return rc;
	if (u->failed) {
		u->doubted |= status != TEST_FAILED;
		return PIPE_OK;
	}
	if (status == TEST_FAILED) {
		u->failed = true;
		u->us = e->elapsed_us;
		return PIPE_OK;
	}
	rc = end_children(s, u, true, err);
	if (rc)
		return rc;
	if (!is_printed(u))
		return end_test(s, u, status, "", e->elapsed_us, err);
	units_remove(&s->units, u);
	return PIPE_OK;
}

static int on_pass(struct state *s, const struct event *e, pipe_error *err)
{
	return on_end(s, e, TEST_PASSED, err);
}

static int on_fail(struct state *s, const struct event *e, pipe_error *err)
{
	return on_end(s, e, TEST_FAILED, err);
}

static int on_skip(struct state *s, const struct event *e, pipe_error *err)
{
	return on_end(s, e, TEST_SKIPPED, err);
}

static int on_output(struct state *s, const struct event *e, pipe_error *err)
{
	struct unit *u;
	int rc = units_get(&s->units, *e->test ? UNIT_TEST : UNIT_PACKAGE, e->package, e->test, &u, err);

	return rc || u->ended ? rc : units_print(&s->units, u, e->output, err);
}

static int on_build_output(struct state *s, const struct event *e, pipe_error *err)
{
	struct unit *u;
	int rc = units_get(&s->units, UNIT_BUILD, e->import, "", &u, err);

	return rc ? rc : units_print(&s->units, u, e->output, err);
}

static int on_build_fail(struct state *s, const struct event *e, pipe_error *err)
{
	struct unit *u;
	int rc = units_get(&s->units, UNIT_BUILD, e->import, "", &u, err);

	if (!rc)
		u->failed = true;
	return rc;
}

/* Those that are not here (pause, cont, bench, attr...) change nothing. */
static const struct {
	const char *action;
	int (*handle)(struct state *s, const struct event *e, pipe_error *err);
} actions[] = {
	{ "build-fail", on_build_fail },
	{ "build-output", on_build_output },
	{ "fail", on_fail },
	{ "output", on_output },
	{ "pass", on_pass },
	{ "run", on_begin },
	{ "skip", on_skip },
	{ "start", on_begin },
};

static int64_t elapsed_us(const json_t *value)
{
	double seconds = json_item_real(value, "Elapsed", -1);

	return seconds >= 0 && seconds < 1e9 ? llround(seconds * 1e6) : -1;
}

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;
	const char *action = json_item_text(item->value, "Action");
	struct event e = { .package = json_item_text(item->value, "Package"),
			   .test = json_item_text(item->value, "Test"),
			   .output = json_item_text(item->value, "Output"),
			   .import = json_item_text(item->value, "ImportPath"),
			   .failed_build = json_item_text(item->value, "FailedBuild"),
			   .elapsed_us = elapsed_us(item->value) };
	int rc = units_tidy(&s->units, err);

	s->build = NULL;
	if (*action)
		s->any = true;
	for (size_t i = 0; !rc && i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(actions[i].action, action))
			return actions[i].handle(s, &e, err);
	return rc;
}

/* ---- lines ---- */

/* "FAIL\tpackage [build failed]", where there is no event that says so. */
static int on_failed_line(struct state *s, char *text, pipe_error *err)
{
	char *end = strstr(text, " [");
	struct unit *u;
	int rc;

	if (!end || (strcmp(end, " [build failed]") != 0 && strcmp(end, " [setup failed]") != 0))
		return PIPE_OK;
	*end = '\0';
	rc = units_get(&s->units, UNIT_PACKAGE, text, "", &u, err);
	return rc || u->failed ? rc : fail_package(s, u, "", -1, err);
}

/* The compiler's words come as plain lines from versions before 1.24. */
static int on_text(struct state *s, char *text, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!strncmp(text, "FAIL\t", 5))
		return on_failed_line(s, text + 5, err);
	if (!strncmp(text, "# ", 2))
		rc = units_get(&s->units, UNIT_BUILD, text + 2, "", &s->build, err);
	if (!rc && s->build) {
		rc = units_print(&s->units, s->build, text, err);
		rc = rc ? rc : units_print(&s->units, s->build, "\n", err);
	}
	return rc;
}

/* Where the event begins on a line; what was printed without a line end may stand before it. */
static char *find_event(char *text)
{
	char *p = text + strspn(text, " \t");

	if (p[0] == '{' && p[1] == '"')
		return p;
	p = strstr(text, "{\"Time\":\"");
	return p ? p : strstr(text, "{\"Action\":\"");
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct state *s = payload;
	char *event = find_event(text);
	int rc;

	if (event && s->lines.cut)
		return lines_error(&s->lines, 0, err, "an event of more than %zu bytes", s->lines.most);
	s->items.line = s->lines.number;
	s->items.characters = event ? (unsigned)(event - text) : 0;
	rc = event ? json_items_feed(&s->items, event, (size_t)(text + length - event), err) : on_text(s, text, err);
	if (rc || !event)
		return rc;
	if (!json_items_between(&s->items))
		return lines_error(&s->lines, (unsigned)length + 1, err, "the line ends within an event: it was cut short");
	return PIPE_OK;
}

/* ---- the report ---- */

static const struct json_spec spec = { patterns, 1, keep, true, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct state *s = state;

	s->sink = sink;
	units_init(&s->units, &options->limits);
	lines_init(&s->lines, options->limits.item_bytes, on_line, s);
	return json_items_init(&s->items, &spec, &options->limits, s, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	struct state *s = state;

	return lines_feed(&s->lines, bytes, length, err);
}

/* The report is over, the package is not: killed, most likely. */
static int end_unended(struct state *s, struct unit *u, pipe_error *err)
{
	int rc = end_children(s, u, false, err);

	if (!rc && !u->failures && u->started)
		rc = emit(s, u, TEST_ERROR, "the package's tests did not end", -1, u->output.data, err);
	return rc;
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = lines_finish(&s->lines, err);

	if (!rc && !s->any)
		rc = error_set(err, PIPE_EPIPELINE, "there is no event of go test -json in it");
	for (struct unit *u = s->units.list.first; u && !rc; u = u->next) {
		if (u->sort == UNIT_PACKAGE && !u->ended)
			rc = end_unended(s, u, err);
		else if (u->sort == UNIT_BUILD && u->failed && !u->told)
			rc = emit(s, u, TEST_ERROR, "the build failed", -1, u->output.data, err);
	}
	return rc;
}

static void end(void *state)
{
	struct state *s = state;

	units_clear(&s->units);
	lines_clear(&s->lines);
	json_items_clear(&s->items);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	(void)path;
	if (!json_head_says(head, length, "{\"") || !json_head_has(head, length, "Action"))
		return 0;
	return json_head_has(head, length, "Package") || json_head_has(head, length, "ImportPath") ||
			       json_head_has(head, length, "Test")
		       ? 90
		       : 30;
}

const struct report_format report_gotest = {
	.name = "gotest",
	.help = "go test -json",
	.gives = GIVES_TESTS,
	.text = true,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
