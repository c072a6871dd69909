/*
 * JUnit XML, which has no specification and a dialect for each tool.  Cases are counted as they come; the totals in the attributes of
 * suites are believed only where they count failures above cases none of which failed.  What is held is one case and the names of the
 * suites around it.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/junit_case.h"
#include "stages/report/xml/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tag {
	TAG_OTHER,
	TAG_CASE,
	TAG_FAILURE,
	TAG_ERROR,
	TAG_SKIPPED,
	TAG_FLAKY,
	TAG_RERUN,
	TAG_OUTPUT,
	TAG_PROPERTY,
	TAG_SUITE,
	TAG_SUITES
};

static const struct {
	const char *name;
	enum tag tag;
} tags[] = {
	{ "testcase", TAG_CASE },     { "failure", TAG_FAILURE },    { "error", TAG_ERROR },	   { "skipped", TAG_SKIPPED },
	{ "system-out", TAG_OUTPUT }, { "system-err", TAG_OUTPUT },  { "property", TAG_PROPERTY }, { "testsuite", TAG_SUITE },
	{ "testsuites", TAG_SUITES }, { "flakyFailure", TAG_FLAKY }, { "flakyError", TAG_FLAKY },  { "rerunFailure", TAG_RERUN },
	{ "rerunError", TAG_RERUN },  { "skip", TAG_SKIPPED },	     { "ignored", TAG_SKIPPED },   { "disabled", TAG_SKIPPED },
	{ "testrun", TAG_SUITES },
};

/* A suite that is open: its texts in junit.names. */
struct suite {
	size_t name, file;
	uint64_t failed; /* by its own count */
	bool red;	 /* something in it failed, be it as expected */
	bool ok;
};

struct junit {
	struct xml xml;
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct arena arena;   /* of paths */
	uint8_t *open;	      /* enum tag of the elements that are open, from 1 on */
	struct suite *suites; /* that are open; [0] is none */
	uint32_t suite_count;
	struct str names;
	bool is_tap; /* written by node-tap */
	bool collecting;
	uint32_t collector;  /* the depth of the element whose text is collected */
	uint32_t case_depth; /* 0: no case is open */
	struct junit_case c;
};

/* A copy of an attribute, as far as it can matter. */
static void keep(const struct junit *j, struct str *s, const char *text)
{
	size_t length = strnlen(text, (size_t)j->options->limits.text_bytes + 1);

	str_reset(s);
	str_add(s, text, length);
}

/* ---- suites ---- */

static size_t push_name(struct junit *j, const char *text)
{
	size_t at = j->names.length;

	str_add(&j->names, text, strnlen(text, j->options->limits.text_bytes));
	str_addc(&j->names, '\0');
	return at;
}

static uint64_t total(const char **attributes, const char *name)
{
	const char *text = xml_attribute(attributes, name);
	uint64_t n = 0;

	return text && xml_number(text, UINT32_MAX, &n) ? n : 0;
}

static void open_suite(struct junit *j, const char **attributes)
{
	const struct suite *around = &j->suites[j->suite_count];
	struct suite *s = &j->suites[++j->suite_count];
	const char *name = xml_attribute(attributes, "name"), *file = xml_attribute(attributes, "file");

	if (!file)
		file = xml_attribute(attributes, "filepath");
	/* What a suite does not say of itself is said by the one around it. */
	s->name = name && *name ? push_name(j, name) : around->name;
	s->file = file && *file ? push_name(j, file) : around->file;
	s->failed = total(attributes, "failures") + total(attributes, "errors");
	s->red = s->ok = false;
	if (name && j->xml.depth == 1 && !strcmp(name, "TAP Tests"))
		j->is_tap = true;
}

static void close_suite(struct junit *j)
{
	const struct suite *s = &j->suites[j->suite_count--], *around = &j->suites[j->suite_count];
	size_t end = j->names.length;

	j->suites[j->suite_count].red |= s->red;
	if (s->file > around->file)
		end = s->file;
	if (s->name > around->name && s->name < end)
		end = s->name;
	j->names.length = end;
}

static const char *suite_name(const struct junit *j)
{
	return j->names.data + j->suites[j->suite_count].name;
}

/* ---- cases ---- */

static void reset_case(struct junit_case *c)
{
	for (int i = 0; i < CASE_TEXTS; i++)
		if (c->texts[i].length)
			str_reset(&c->texts[i]);
	c->named = c->googletest = c->error_first = c->ok = false;
	c->said = SAID_NOTHING;
	c->failures = c->errors = c->skips = c->flaky = c->reruns = 0;
}

static void said(struct junit_case *c, const char *value)
{
	enum junit_said s = junit_said(value);

	if (s > c->said)
		c->said = (uint8_t)s;
}

/* Attributes of cases; second: what some write instead of another one. */
static const struct {
	const char *name;
	uint8_t text; /* enum case_text */
	bool second;
} attribute_texts[] = {
	{ "name", CASE_NAME, false },  { "classname", CASE_SUITE, false }, { "time", CASE_TIME, false },
	{ "file", CASE_FILE, false },  { "line", CASE_LINE, false },	   { "filepath", CASE_FILE, true },
	{ "class", CASE_SUITE, true }, { "duration", CASE_TIME, true },
};

static void read_attribute(struct junit *j, const char *name, const char *value)
{
	struct junit_case *c = &j->c;

	for (size_t i = 0; i < sizeof(attribute_texts) / sizeof(*attribute_texts); i++)
		if (!strcmp(name, attribute_texts[i].name)) {
			struct str *text = &c->texts[attribute_texts[i].text];

			if (!attribute_texts[i].second || !text->length)
				keep(j, text, value);
			return;
		}
	if (!strcmp(name, "status") || !strcmp(name, "result"))
		said(c, value);
	if (!strcmp(name, "result"))
		c->googletest = true;
}

static int open_case(struct junit *j, const char **attributes, pipe_error *err)
{
	if (j->case_depth)
		return xml_error(&j->xml, PIPE_EPIPELINE, err, "a testcase within a testcase");
	j->case_depth = j->xml.depth;
	reset_case(&j->c);
	j->c.named = xml_attribute(attributes, "name") != NULL;
	for (const char **a = attributes; *a; a += 2)
		read_attribute(j, a[0], a[1]);
	if (!j->c.texts[CASE_SUITE].length)
		str_adds(&j->c.texts[CASE_SUITE], suite_name(j));
	else
		j->c.named = true;
	if (!j->c.texts[CASE_FILE].length)
		str_adds(&j->c.texts[CASE_FILE], j->names.data + j->suites[j->suite_count].file);
	j->c.ok = j->suites[j->suite_count].ok;
	return PIPE_OK;
}

/* pytest counts lines from 0 (junit_family=xunit1), everybody else from 1. */
static bool is_pytest(const struct junit *j)
{
	return !strcmp(suite_name(j), "pytest");
}

/* Collects the text of the element that has just opened. */
static void collect(struct junit *j)
{
	if (j->collecting)
		return;
	j->collecting = true;
	j->collector = j->xml.depth;
	xml_collect(&j->xml);
}

static void keep_first(const struct junit *j, struct str *s, const char **attributes, const char *name)
{
	const char *value = xml_attribute(attributes, name);

	if (!s->length && value)
		keep(j, s, value + strspn(value, " \t\r\n"));
}

static void open_result(struct junit *j, enum tag tag, const char **attributes)
{
	struct junit_case *c = &j->c;
	bool first = !c->failures && !c->errors;

	collect(j);
	switch (tag) {
	case TAG_FAILURE:
	case TAG_ERROR:
		c->error_first = first ? tag == TAG_ERROR : c->error_first;
		c->failures += tag == TAG_FAILURE;
		c->errors += tag == TAG_ERROR;
		/* What earlier tries say is not why it failed in the end. */
		if (first)
			str_reset(&c->texts[CASE_WHY]);
		keep_first(j, &c->texts[CASE_WHY], attributes, "message");
		break;
	case TAG_FLAKY:
		c->flaky++;
		keep_first(j, &c->texts[CASE_WHY], attributes, "message");
		break;
	case TAG_RERUN:
		c->reruns++;
		break;
	default:
		c->skips++;
		keep_first(j, &c->texts[CASE_REASON], attributes, "message");
		keep_first(j, &c->texts[CASE_TYPE], attributes, "type");
		break;
	}
}

/* Appends within the bound; what is too long is marked where it is cut (stages/report/clean.h). */
static void append(const struct junit *j, struct str *s, const char *text)
{
	size_t most = (size_t)j->options->limits.text_bytes + 1, room = most > s->length ? most - s->length : 0;

	if (!*text || !room)
		return;
	if (s->length)
		str_addc(s, '\n');
	str_add(s, text, strnlen(text, room));
}

/* The first line that says something, as the message of what has none. */
static void keep_line(const struct junit *j, struct str *s, const char *text)
{
	size_t length = strcspn(text, "\r\n"), most = (size_t)j->options->limits.text_bytes + 1;

	if (!s->length)
		str_add(s, text, length < most ? length : most);
}

static void close_result(struct junit *j, enum tag tag, const char *text)
{
	struct junit_case *c = &j->c;

	if (tag == TAG_OUTPUT) {
		append(j, &c->texts[CASE_OUTPUT], text);
	} else if (tag == TAG_SKIPPED) {
		keep_line(j, &c->texts[CASE_REASON], text);
	} else {
		append(j, &c->texts[CASE_DETAILS], text);
		if (tag != TAG_RERUN)
			keep_line(j, &c->texts[CASE_WHY], text);
	}
}

static bool has_failed(const struct junit *j)
{
	bool failed = j->names.failed;

	for (int i = 0; i < CASE_TEXTS; i++)
		failed |= j->c.texts[i].failed;
	return failed;
}

/* busted names suites `spec.lua:12`: what changes with each line that is added above is a place, and no name. */
static void take_place(struct junit_case *c)
{
	struct str *suite = &c->texts[CASE_SUITE];
	char *colon = suite->length ? strrchr(suite->data, ':') : NULL;
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	if (!digits || colon[1 + digits] || colon == suite->data || !memchr(suite->data, '.', (size_t)(colon - suite->data)) ||
	    c->texts[CASE_FILE].length || c->texts[CASE_LINE].length)
		return;
	str_add(&c->texts[CASE_LINE], colon + 1, digits);
	suite->length = (size_t)(colon - suite->data);
	*colon = '\0';
	str_add(&c->texts[CASE_FILE], suite->data, suite->length);
}

/* Files as names of suites and cases: the same wherever the workspace is. */
static const char *in_workspace(const struct junit *j, const char *text)
{
	size_t n = strlen(j->options->workspace);

	return n && !strncmp(text, j->options->workspace, n) && text[n] == '/' && text[n + 1] ? text + n + 1 : text;
}

static int emit(struct junit *j, struct evidence_test *t, pipe_error *err)
{
	struct junit_case *c = &j->c;
	uint64_t line = 0;

	take_place(c);
	t->suite = in_workspace(j, c->texts[CASE_SUITE].data);
	t->name = in_workspace(j, c->texts[CASE_NAME].data);
	t->file = evidence_path(&j->arena, j->options->workspace, c->texts[CASE_FILE].data);
	if (!t->file || has_failed(j))
		return error_nomem(err);
	if (xml_number(c->texts[CASE_LINE].data, UINT32_MAX - 1, &line))
		t->line = (uint32_t)line + is_pytest(j);
	return sink_test(j->sink, t, err);
}

static int close_case(struct junit *j, pipe_error *err)
{
	struct evidence_test t = { .duration_us = xml_seconds(j->c.texts[CASE_TIME].data), .details = "" };
	struct junit_case *c = &j->c;

	junit_judge(c, &t);
	if (t.status != TEST_PASSED && t.status != TEST_SKIPPED) {
		append(j, &c->texts[CASE_DETAILS], c->texts[CASE_OUTPUT].data);
		t.details = c->texts[CASE_DETAILS].data;
	} else if (t.expected) {
		t.details = c->texts[CASE_DETAILS].data;
	}
	j->suites[j->suite_count].red |= (t.status != TEST_PASSED && t.status != TEST_SKIPPED) || c->failures || c->errors;
	j->case_depth = 0;
	if (j->arena.used > 65536)
		arena_clear(&j->arena);
	return emit(j, &t, err);
}

/* ---- failures outside of cases ---- */

/* A suite that broke as a whole (its set-up, its file, its plan): an error in its name. */
static void begin_suite_error(struct junit *j, const char *message)
{
	reset_case(&j->c);
	j->suites[j->suite_count].red = true;
	str_adds(&j->c.texts[CASE_SUITE], suite_name(j));
	str_adds(&j->c.texts[CASE_NAME], suite_name(j));
	str_adds(&j->c.texts[CASE_FILE], j->names.data + j->suites[j->suite_count].file);
	if (message)
		keep_line(j, &j->c.texts[CASE_WHY], message + strspn(message, " \t\r\n"));
}

static int end_suite_error(struct junit *j, const char *text, pipe_error *err)
{
	struct evidence_test t = { .status = TEST_ERROR, .duration_us = -1 };

	close_result(j, TAG_ERROR, text);
	t.message = j->c.texts[CASE_WHY].data;
	t.details = j->c.texts[CASE_DETAILS].data;
	return emit(j, &t, err);
}

/* node-tap's way to say what others say with elements. */
static void read_tap_property(struct junit *j, const char *name, const char *value)
{
	struct junit_case *c = &j->c;

	if (!j->case_depth && !strcmp(name, "ok")) {
		j->suites[j->suite_count].ok = !strcmp(value, "true");
	} else if (j->case_depth && (!strcmp(name, "skip") || !strcmp(name, "todo"))) {
		c->skips++;
		keep(j, &c->texts[CASE_TYPE], name);
		keep(j, &c->texts[CASE_REASON], value);
	}
}

static void open_suite_error(struct junit *j, const char **attributes)
{
	begin_suite_error(j, xml_attribute(attributes, "message"));
	collect(j);
}

static int read_property(struct junit *j, const char **attributes, pipe_error *err)
{
	const char *name = xml_attribute(attributes, "name"), *value = xml_attribute(attributes, "value");

	if (!name || !value)
		return PIPE_OK;
	if (j->is_tap)
		read_tap_property(j, name, value);
	/* Ginkgo's suite that could not be compiled, or was given up. */
	if (j->case_depth || !j->suite_count || strcmp(name, "SpecialSuiteFailureReason") != 0 || !*value)
		return PIPE_OK;
	begin_suite_error(j, value);
	return end_suite_error(j, value, err);
}

/* A suite that counts failures and names none: its set-up failed (cmocka), its file could not be loaded (jest-junit), a script broke
 * (Newman), the clean-up did (Jasmine). */
static int emit_unnamed(struct junit *j, pipe_error *err)
{
	const struct suite *s = &j->suites[j->suite_count];
	char message[96];

	if (s->red || !s->failed)
		return PIPE_OK;
	snprintf(message, sizeof(message), "the suite counts %llu failed and names none of them", (unsigned long long)s->failed);
	begin_suite_error(j, message);
	return end_suite_error(j, "", err);
}

/* ---- elements ---- */

static enum tag tag_of(const char *name)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (!strcmp(name, tags[i].name))
			return tags[i].tag;
	return TAG_OTHER;
}

static bool is_suite(enum tag tag)
{
	return tag == TAG_SUITE || tag == TAG_SUITES;
}

/* Whether the element that opens stands directly in a suite (or in none, as a root would). */
static bool in_suite(const struct junit *j)
{
	return !j->case_depth && is_suite(j->open[j->xml.depth - 1]);
}

static bool in_case(const struct junit *j)
{
	return j->case_depth && j->xml.depth == j->case_depth + 1;
}

static int open_element(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct junit *j = payload;
	enum tag tag = tag_of(name);

	j->open[j->xml.depth] = (uint8_t)tag;
	if (j->xml.depth == 1 && !is_suite(tag))
		return xml_error(&j->xml, PIPE_EPIPELINE, err, "this is no JUnit XML: its root element is <%.60s>", name);
	if (tag == TAG_CASE)
		return open_case(j, attributes, err);
	if (is_suite(tag) && j->case_depth)
		return xml_error(&j->xml, PIPE_EPIPELINE, err, "a testsuite within a testcase");
	if (is_suite(tag))
		open_suite(j, attributes);
	else if (tag == TAG_PROPERTY)
		return read_property(j, attributes, err);
	else if (tag == TAG_OUTPUT && in_case(j))
		collect(j);
	else if (tag != TAG_OTHER && in_case(j))
		open_result(j, tag, attributes);
	else if ((tag == TAG_FAILURE || tag == TAG_ERROR) && in_suite(j))
		open_suite_error(j, attributes);
	return PIPE_OK;
}

static int close_collected(struct junit *j, enum tag tag, pipe_error *err)
{
	const char *text = xml_collected(&j->xml);

	j->collecting = false;
	if (!text)
		return error_nomem(err);
	if (!j->case_depth)
		return end_suite_error(j, text, err);
	close_result(j, tag, text);
	return PIPE_OK;
}

static int close_element(void *payload, const char *name, pipe_error *err)
{
	struct junit *j = payload;
	enum tag tag = (enum tag)j->open[j->xml.depth];
	int rc;

	(void)name;
	if (j->collecting && j->collector == j->xml.depth)
		return close_collected(j, tag, err);
	if (j->case_depth == j->xml.depth)
		return close_case(j, err);
	if (!is_suite(tag))
		return PIPE_OK;
	rc = emit_unnamed(j, err);
	close_suite(j);
	return rc;
}

/* ---- the format ---- */

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	static const struct xml_handler handler = { open_element, close_element };
	struct junit *j = state;

	for (int i = 0; i < CASE_TEXTS; i++)
		str_init(&j->c.texts[i]);
	str_init(&j->names);
	j->options = options;
	j->sink = sink;
	j->open = calloc((size_t)options->limits.depth + 2, sizeof(*j->open));
	j->suites = calloc((size_t)options->limits.depth + 2, sizeof(*j->suites));
	if (!j->open || !j->suites)
		return error_nomem(err);
	str_addc(&j->names, '\0'); /* of no suite */
	return xml_begin(&j->xml, &handler, j, &options->limits, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return xml_feed(&((struct junit *)state)->xml, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	return xml_finish(&((struct junit *)state)->xml, err);
}

static void end(void *state)
{
	struct junit *j = state;

	for (int i = 0; i < CASE_TEXTS; i++)
		str_clear(&j->c.texts[i]);
	str_clear(&j->names);
	xml_end(&j->xml);
	arena_clear(&j->arena);
	free(j->open);
	free(j->suites);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	struct xml_root root;

	(void)path;
	if (!xml_root(head, length, &root) || xml_root_has(&root, "check.sourceforge.net"))
		return 0;
	return xml_root_is(&root, "testsuites") || xml_root_is(&root, "testsuite") || xml_root_is(&root, "testrun") ? 90 : 0;
}

const struct report_format report_junit = {
	.name = "junit",
	.help = "JUnit XML: pytest, Maven Surefire, Gradle, GoogleTest, Jest, CTest, Catch2, PHPUnit, ...",
	.gives = GIVES_TESTS,
	.state_size = sizeof(struct junit),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
