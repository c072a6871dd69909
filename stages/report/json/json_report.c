#include "stages/report/json/json_report.h"

int json_report_begin(struct json_report *r, const struct json_spec *spec, const struct report_options *options,
		      const struct evidence_sink *sink, pipe_error *err)
{
	r->options = options;
	r->sink = sink;
	return json_items_init(&r->items, spec, &options->limits, r, err);
}

int json_report_feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	struct json_report *r = state;

	return json_items_feed(&r->items, bytes, length, err);
}

void json_report_end(void *state)
{
	struct json_report *r = state;

	arena_clear(&r->scratch);
	json_items_clear(&r->items);
}
