/*
 * The XML of check (libcheck), a unit test framework for C: https://libcheck.github.io/check/.  Not JUnit: a case is made of elements,
 * and one that never ended has the duration -1.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/xml/xml.h"

#include <string.h>

/* The elements of a <test> (and the suite's <title>) whose text is kept. */
enum part { PART_TITLE, PART_PATH, PART_FN, PART_ID, PART_ITERATION, PART_DURATION, PART_DESCRIPTION, PART_MESSAGE, PART_COUNT };

static const char *const parts[] = { "title", "path", "fn", "id", "iteration", "duration", "description", "message" };

struct check_state {
	struct xml xml;
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct arena arena; /* of paths */
	struct str texts[PART_COUNT];
	struct str made; /* suite or name, put together */
	struct str path;
	bool in_test;
	uint8_t status;
	uint32_t collector; /* depth of the element whose text is collected; 0: none */
	uint8_t part;
};

static const struct {
	const char *name;
	enum test_status status;
} results[] = {
	{ "success", TEST_PASSED },
	{ "failure", TEST_FAILED },
	{ "error", TEST_ERROR },
};

static int open_test(struct check_state *s, const char **attributes, pipe_error *err)
{
	const char *result = xml_attribute(attributes, "result");

	for (int i = PART_TITLE + 1; i < PART_COUNT; i++)
		str_reset(&s->texts[i]);
	s->in_test = true;
	for (size_t i = 0; result && i < sizeof(results) / sizeof(*results); i++)
		if (!strcmp(result, results[i].name)) {
			s->status = (uint8_t)results[i].status;
			return PIPE_OK;
		}
	return xml_error(&s->xml, PIPE_EPIPELINE, err, "a test's result is \"%.60s\": it should be success, failure or error",
			 result ? result : "");
}

static int open_element(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct check_state *s = payload;

	if (s->xml.depth == 1 && strcmp(name, "testsuites") != 0)
		return xml_error(&s->xml, PIPE_EPIPELINE, err, "this is not check's XML: its root element is <%.60s>", name);
	if (!strcmp(name, "suite"))
		str_reset(&s->texts[PART_TITLE]);
	if (!strcmp(name, "test"))
		return s->in_test ? xml_error(&s->xml, PIPE_EPIPELINE, err, "a test within a test")
				  : open_test(s, attributes, err);
	for (uint8_t i = 0; !s->collector && i < PART_COUNT; i++)
		if (!strcmp(name, parts[i]) && s->in_test == (i != PART_TITLE)) {
			s->collector = s->xml.depth;
			s->part = i;
			xml_collect(&s->xml);
		}
	return PIPE_OK;
}

/* "suite/test case": a function may be a test in several of them. */
static const char *suite_of(struct check_state *s)
{
	str_reset(&s->made);
	str_adds(&s->made, s->texts[PART_TITLE].data);
	if (s->texts[PART_DESCRIPTION].length)
		str_printf(&s->made, "%s%s", s->made.length ? "/" : "", s->texts[PART_DESCRIPTION].data);
	return s->made.data;
}

/* "path" and "file.c:10": the test's last check. */
static const char *place_of(struct check_state *s, uint32_t *line)
{
	const char *fn = s->texts[PART_FN].data, *colon = strrchr(fn, ':'), *path = s->texts[PART_PATH].data;
	uint64_t n = 0;

	*line = colon && xml_number(colon + 1, UINT32_MAX, &n) ? (uint32_t)n : 0;
	str_reset(&s->path);
	if (*path && strcmp(path, ".") != 0 && *fn != '/')
		str_printf(&s->path, "%s/", path);
	str_add(&s->path, fn, n ? (size_t)(colon - fn) : strlen(fn));
	return evidence_path(&s->arena, s->options->workspace, s->path.data);
}

static int close_test(struct check_state *s, pipe_error *err)
{
	struct str *id = &s->texts[PART_ID];
	struct evidence_test t = {
		.suite = suite_of(s),
		.status = s->status,
		.duration_us = xml_seconds(s->texts[PART_DURATION].data),
		.message = s->status == TEST_PASSED ? "" : s->texts[PART_MESSAGE].data,
		.details = "",
	};

	s->in_test = false;
	if (s->arena.used > 65536)
		arena_clear(&s->arena);
	/* A loop test runs once for each number. */
	if (s->texts[PART_ITERATION].length && strcmp(s->texts[PART_ITERATION].data, "0") != 0)
		str_printf(id, "[%s]", s->texts[PART_ITERATION].data);
	t.name = id->data;
	t.file = place_of(s, &t.line);
	if (!t.file || s->made.failed || s->path.failed || id->failed)
		return error_nomem(err);
	return sink_test(s->sink, &t, err);
}

static int close_element(void *payload, const char *name, pipe_error *err)
{
	struct check_state *s = payload;
	const char *text;

	if (s->collector == s->xml.depth) {
		text = xml_collected(&s->xml);
		s->collector = 0;
		if (!text)
			return error_nomem(err);
		str_reset(&s->texts[s->part]);
		str_adds(&s->texts[s->part], text);
		return s->texts[s->part].failed ? error_nomem(err) : PIPE_OK;
	}
	return s->in_test && !strcmp(name, "test") ? close_test(s, err) : PIPE_OK;
}

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	static const struct xml_handler handler = { open_element, close_element };
	struct check_state *s = state;

	for (int i = 0; i < PART_COUNT; i++)
		str_init(&s->texts[i]);
	str_init(&s->made);
	str_init(&s->path);
	s->options = options;
	s->sink = sink;
	return xml_begin(&s->xml, &handler, s, &options->limits, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return xml_feed(&((struct check_state *)state)->xml, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	return xml_finish(&((struct check_state *)state)->xml, err);
}

static void end(void *state)
{
	struct check_state *s = state;

	for (int i = 0; i < PART_COUNT; i++)
		str_clear(&s->texts[i]);
	str_clear(&s->made);
	str_clear(&s->path);
	arena_clear(&s->arena);
	xml_end(&s->xml);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	struct xml_root root;

	(void)path;
	return xml_root(head, length, &root) && xml_root_is(&root, "testsuites") && xml_root_has(&root, "check.sourceforge.net")
		       ? 95
		       : 0;
}

const struct report_format report_check = {
	.name = "check",
	.help = "the XML of check (libcheck), the unit test framework for C",
	.gives = GIVES_TESTS,
	.state_size = sizeof(struct check_state),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
