/*
 * The summary of Checkov's JSON (-o json): how many resources it judged, and how many files it could not read.  What it found is in its
 * SARIF, which has places; this tells "nothing is wrong" from "nothing was looked at".
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum { COUNT, ERRORS, SUMMARY, SUMMARIES, PATTERNS };

static const struct json_pattern patterns[] = {
	[COUNT] = { "resource_count", JSON_ITEM, false }, /* where there was nothing, the summary is all there is */
	[ERRORS] = { "parsing_errors", JSON_ITEM, false },
	[SUMMARY] = { "summary", JSON_ITEM, false },
	[SUMMARIES] = { "[].summary", JSON_ITEM, false }, /* of several frameworks */
};

static const char *const keep[] = { "parsing_errors", "resource_count", NULL };

struct state {
	struct json_report report;
	double resources, errors;
	bool any;
};

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;

	(void)err;
	if (item->pattern == ERRORS) {
		s->errors += json_number_value(item->value);
		return PIPE_OK;
	}
	s->any = true;
	if (item->pattern == COUNT) {
		s->resources += json_number_value(item->value);
		return PIPE_OK;
	}
	s->resources += json_item_real(item->value, "resource_count", 0);
	s->errors += json_item_real(item->value, "parsing_errors", 0);
	return PIPE_OK;
}

static const struct json_spec spec = { patterns, PATTERNS, keep, false, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	return json_report_begin(state, &spec, options, sink, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	const struct evidence_metric metrics[] = {
		{ .name = "checkov_resources",
		  .labels = "",
		  .value = s->resources,
		  .unit = "",
		  .help = "resources that Checkov judged" },
		{ .name = "checkov_parsing_errors",
		  .labels = "",
		  .value = s->errors,
		  .unit = "",
		  .help = "files that Checkov could not read" },
	};
	int rc = json_items_finish(&s->report.items, err);

	if (rc == PIPE_OK && !s->any)
		return error_set(err, PIPE_EPIPELINE, "no report of Checkov: it has no \"summary\"");
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(metrics) / sizeof(*metrics); i++)
		rc = sink_metric(s->report.sink, &metrics[i], err);
	return rc;
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	(void)path;
	return json_head_has(head, length, "checkov_version") || json_head_has(head, length, "check_type") ? 60 : 0;
}

const struct report_format report_checkov = {
	.name = "checkov",
	.help = "the summary of Checkov's JSON; its findings come as SARIF",
	.gives = GIVES_METRICS,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = json_report_end,
	.recognise = recognise,
};
