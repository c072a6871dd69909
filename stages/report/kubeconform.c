/*
 * kubeconform's JSON (-output json -summary): manifests that do not fit their schema, that are none, and that there was no schema for.
 * It names files and no lines.  How many resources it looked at becomes a metric: a report of none is no clean bill.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum { RESOURCES, RESOURCE, SUMMARY, PATTERNS };

static const struct json_pattern patterns[] = {
	[RESOURCES] = { "resources", JSON_ENTER, false },
	[RESOURCE] = { "resources[]", JSON_ITEM, false },
	[SUMMARY] = { "summary", JSON_ITEM, false },
};

static const char *const keep[] = { "errors", "filename", "invalid",	      "kind", "msg", "name", "path", "skipped", "status",
				    "valid",  "version",  "validationErrors", NULL };

struct state {
	struct json_report report;
	bool any;
};

/* What it says of a resource that it could not judge, by how that begins; the last row is all others. */
static const struct {
	const char *begins, *rule;
} causes[] = {
	{ "error unmarshalling", "unreadable" },
	{ "error while parsing", "unreadable" },
	{ "prohibited", "prohibited-kind" },
	{ "could not find schema", "no-schema" },
	{ "error while downloading", "no-schema" },
	{ "failed ", "no-schema" },
	{ "", "unreadable" },
};

static const char *cause_of(const char *message)
{
	size_t i = 0;

	while (strncmp(message, causes[i].begins, strlen(causes[i].begins)) != 0)
		i++;
	return causes[i].rule;
}

static int emit(struct state *s, const json_t *value, const char *rule, const char *where, const char *message, pipe_error *err)
{
	const char *kind = json_item_text(value, "kind"), *name = json_item_text(value, "name");
	struct evidence_finding f = { .kind = FINDING_MISCONFIGURATION,
				      .severity = SEVERITY_HIGH,
				      .tool = "kubeconform",
				      .rule = rule,
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };

	f.path = evidence_path(&s->report.scratch, s->report.options->workspace, json_item_text(value, "filename"));
	f.message = arena_printf(&s->report.scratch, "%s%s%s%s%s%s%s", kind, *kind && *name ? " " : "", name,
				 *kind || *name ? ": " : "", where, *where ? ": " : "", *message ? message : "it is not valid");
	if (!f.path || !f.message)
		return error_nomem(err);
	return sink_finding(s->report.sink, &f, err);
}

static int on_resource(struct state *s, const struct json_item *item, pipe_error *err)
{
	const char *status = json_item_text(item->value, "status"), *message = json_item_text(item->value, "msg");
	const json_t *errors = json_object_get(item->value, "validationErrors");
	int rc = PIPE_OK;

	if (!*status)
		return json_item_error(item, err, "no resource of kubeconform's: it has no \"status\"");
	if (!strcmp(status, "statusError"))
		return emit(s, item->value, cause_of(message), "", message, err);
	if (strcmp(status, "statusInvalid") != 0)
		return PIPE_OK;
	if (!json_array_size(errors))
		return emit(s, item->value, "schema", "", message, err);
	for (size_t i = 0; rc == PIPE_OK && i < json_array_size(errors); i++) {
		const json_t *e = json_array_get(errors, i);
		rc = emit(s, item->value, "schema", json_item_text(e, "path"), json_item_text(e, "msg"), err);
	}
	return rc;
}

static int on_summary(struct state *s, const struct json_item *item, pipe_error *err)
{
	static const char *const states[] = { "errors", "invalid", "skipped", "valid" };
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && i < sizeof(states) / sizeof(*states); i++) {
		struct evidence_metric m = { .name = "kubeconform_resources",
					     .value = json_item_real(item->value, states[i], 0),
					     .unit = "",
					     .help = "resources by what kubeconform made of them" };
		m.labels = arena_printf(&s->report.scratch, "status=\"%s\"", states[i]);
		rc = m.labels ? sink_metric(s->report.sink, &m, err) : error_nomem(err);
	}
	return rc;
}

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;

	arena_clear(&s->report.scratch);
	s->any = true;
	if (item->pattern == RESOURCE)
		return on_resource(s, item, err);
	return item->pattern == SUMMARY ? on_summary(s, item, err) : PIPE_OK;
}

static const struct json_spec spec = { patterns, PATTERNS, keep, false, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	return json_report_begin(state, &spec, options, sink, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = json_items_finish(&s->report.items, err);

	if (rc == PIPE_OK && !s->any)
		return error_set(err, PIPE_EPIPELINE, "no report of kubeconform: it has no \"resources\"");
	return rc;
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	if (json_head_first(head, length) != '{' || !json_head_has(head, length, "resources"))
		return 0;
	if (json_head_has(head, length, "filename") && json_head_says(head, length, "\"status"))
		return 90;
	return json_path_has(path, "kubeconform") ? 80 : 0;
}

const struct report_format report_kubeconform = {
	.name = "kubeconform",
	.help = "kubeconform's JSON: manifests against their schemas",
	.gives = GIVES_MISCONFIGURATIONS,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = json_report_end,
	.recognise = recognise,
};
