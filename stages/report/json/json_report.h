/* What all formats of JSON are made of: the state of each begins with a struct json_report, which is the only thing here that it needs. */
#ifndef STAGES_REPORT_JSON_JSON_REPORT_H
#define STAGES_REPORT_JSON_JSON_REPORT_H

#include "stages/report/json/json_items.h"

struct json_report {
	struct json_items items;
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct arena scratch; /* of the item under way */
};

/* Of struct report_format; state is the report's, and the payload of the items.  A format whose state holds more calls them from its own. */
int json_report_begin(struct json_report *r, const struct json_spec *spec, const struct report_options *options,
		      const struct evidence_sink *sink, pipe_error *err);
int json_report_feed(void *state, const char *bytes, size_t length, pipe_error *err);
void json_report_end(void *state);

#endif
