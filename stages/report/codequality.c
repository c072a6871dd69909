/*
 * Code Climate's issues, as GitLab's code quality reports and engines write them
 * (https://github.com/codeclimate/platform/blob/master/spec/analyzers/SPEC.md): a list of them, or, as engines stream them, one after
 * the other with a NUL or a line end between.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum { ELEMENT, VALUE, PATTERNS };

static const struct json_pattern patterns[] = {
	[ELEMENT] = { "[]", JSON_ITEM, false },
	[VALUE] = { "", JSON_ITEM, false },
};

static const char *const keep[] = { "begin",	   "check_name", "column", "description", "end",     "engine_name",
				    "fingerprint", "line",	 "lines",  "location",	  "message", "path",
				    "positions",   "severity",	 "type",   NULL };

struct state {
	struct json_report report;
};

/* location.lines is a begin and an end, or a line; location.positions has a line and a column each. */
static void read_lines(const json_t *location, struct evidence_finding *f)
{
	const json_t *lines = json_object_get(location, "lines"), *positions = json_object_get(location, "positions");
	const json_t *begin = json_object_get(positions, "begin");

	if (begin) {
		f->line = json_item_number(begin, "line");
		f->column = json_item_number(begin, "column");
		f->end_line = json_item_number(json_object_get(positions, "end"), "line");
	} else if (json_is_object(lines)) {
		const json_t *first = json_object_get(lines, "begin");

		/* GitLab shows {"begin": {"line": 3}} as well. */
		f->line = json_is_object(first) ? json_item_number(first, "line") : json_item_number(lines, "begin");
		f->column = json_is_object(first) ? json_item_number(first, "column") : 0;
		f->end_line = json_item_number(lines, "end");
	} else {
		f->line = lines ? json_item_number(location, "lines") : json_item_number(location, "line");
	}
	if (f->end_line <= f->line)
		f->end_line = 0;
}

static const char *first_text(const json_t *map, const char *key, const char *other)
{
	const char *text = json_item_text(map, key);

	return *text ? text : other;
}

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;
	const json_t *value = item->value, *location = json_object_get(value, "location");
	struct evidence_finding f = { .kind = s->report.options->kind };

	if (!strcmp(json_item_text(value, "type"), "measurement"))
		return PIPE_OK;
	f.rule = json_item_text(value, "check_name");
	f.message = first_text(value, "description", first_text(value, "message", f.rule));
	if (!*f.message || !json_is_object(location))
		return json_item_error(item, err, "no code quality issue: it has no \"%s\"",
				       *f.message ? "location" : "description");
	f.severity = json_item_severity(value, "severity");
	f.tool = first_text(value, "engine_name", s->report.options->tool);
	f.fingerprint = json_item_text(value, "fingerprint");
	read_lines(location, &f);
	arena_clear(&s->report.scratch);
	f.path = evidence_path(&s->report.scratch, s->report.options->workspace, json_item_text(location, "path"));
	if (!f.path)
		return error_nomem(err);
	return sink_finding(s->report.sink, &f, err);
}

static const struct json_spec spec = { patterns, PATTERNS, keep, true, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	return json_report_begin(state, &spec, options, sink, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;

	return json_items_finish(&s->report.items, err);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	char first = json_head_first(head, length);
	bool named = json_path_has(path, "code-quality") || json_path_has(path, "codequality") ||
		     json_path_has(path, "codeclimate");

	if (first != '[' && first != '{')
		return 0;
	if (json_head_has(head, length, "location") &&
	    (json_head_has(head, length, "check_name") || json_head_has(head, length, "fingerprint")))
		return json_head_has(head, length, "vulnerabilities") ? 20 : 85;
	return named ? 60 : 0;
}

const struct report_format report_codequality = {
	.name = "codequality",
	.help = "Code Climate's JSON, as GitLab takes it for code quality",
	.gives = GIVES_ISSUES,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = json_report_end,
	.recognise = recognise,
};
