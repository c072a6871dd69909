/*
 * Policy reports as Kubernetes' policy working group defined them (PolicyReport, ClusterPolicyReport of wgpolicyk8s.io, Report and
 * ClusterReport of openreports.io), in JSON: what Kyverno and its kin make of policies and resources.  Several may follow each other.  They
 * name resources, and no files.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum { RESULT, RESULTS, PATTERNS };

static const struct json_pattern patterns[] = {
	[RESULT] = { "results[]", JSON_ITEM, false },
	[RESULTS] = { "results", JSON_ENTER, false },
};

static const char *const keep[] = { "kind",   "message", "name",     "namespace", "policy",   "resources",
				    "result", "rule",	 "severity", "source",	  "subjects", NULL };

struct state {
	struct json_report report;
	uint64_t results;
	bool any;
};

/* What was judged and how it came out; what passed, or was skipped, is no finding. */
static const struct {
	const char *result;
	uint8_t severity; /* where the policy says none */
} results[] = { { "fail", SEVERITY_MEDIUM }, { "warn", SEVERITY_LOW }, { "error", SEVERITY_HIGH } };

static int emit(struct state *s, const json_t *value, const json_t *resource, uint8_t severity, pipe_error *err)
{
	const char *policy = json_item_text(value, "policy"), *rule = json_item_text(value, "rule");
	const char *kind = json_item_text(resource, "kind"), *name = json_item_text(resource, "name");
	const char *source = json_item_text(value, "source");
	uint8_t said = json_item_severity(value, "severity");
	struct evidence_finding f = { .kind = FINDING_MISCONFIGURATION,
				      .severity = said == SEVERITY_UNKNOWN ? severity : said,
				      .tool = *source						    ? source
					      : s->report.options->tool && *s->report.options->tool ? s->report.options->tool
												    : "kyverno",
				      .path = "",
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };

	f.rule = !strcmp(json_item_text(value, "result"), "error") ? "not-judged"
		 : *rule					   ? arena_printf(&s->report.scratch, "%s/%s", policy, rule)
								   : policy;
	f.message = arena_printf(&s->report.scratch, "%s%s%s%s%s", kind, *kind ? " " : "", name, *kind || *name ? ": " : "",
				 json_item_text(value, "message"));
	if (!f.rule || !f.message)
		return error_nomem(err);
	return sink_finding(s->report.sink, &f, err);
}

static int on_result(struct state *s, const struct json_item *item, pipe_error *err)
{
	const json_t *resources = json_object_get(item->value, "resources");
	const char *result = json_item_text(item->value, "result");
	int rc = PIPE_OK;

	s->results++;
	if (!json_array_size(resources))
		resources = json_object_get(item->value, "subjects");
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		if (strcmp(results[i].result, result) != 0)
			continue;
		if (!json_array_size(resources))
			return emit(s, item->value, NULL, results[i].severity, err);
		for (size_t k = 0; rc == PIPE_OK && k < json_array_size(resources); k++)
			rc = emit(s, item->value, json_array_get(resources, k), results[i].severity, err);
	}
	return rc;
}

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;

	arena_clear(&s->report.scratch);
	s->any = true;
	return item->pattern == RESULT ? on_result(s, item, err) : PIPE_OK;
}

static const struct json_spec spec = { patterns, PATTERNS, keep, true, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	return json_report_begin(state, &spec, options, sink, err);
}

/* How many results there were: of none nobody can say that all is well. */
static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	struct evidence_metric m = { .name = "policy_results", .labels = "", .unit = "", .help = "rules judged on resources" };
	int rc = json_items_finish(&s->report.items, err);

	if (rc)
		return rc;
	if (!s->any)
		return error_set(err, PIPE_EPIPELINE, "no policy report: it has no \"results\"");
	m.value = (double)s->results;
	return sink_metric(s->report.sink, &m, err);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	(void)path;
	if (json_head_first(head, length) != '{' || !json_head_has(head, length, "apiVersion"))
		return 0;
	return json_head_says(head, length, "wgpolicyk8s.io/") || json_head_says(head, length, "openreports.io/") ? 95 : 0;
}

const struct report_format report_policyreport = {
	.name = "policyreport",
	.help = "policy reports of Kubernetes in JSON: Kyverno",
	.gives = GIVES_MISCONFIGURATIONS,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = json_report_end,
	.recognise = recognise,
};
