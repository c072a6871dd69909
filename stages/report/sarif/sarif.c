/*
 * SARIF 2.1.0 (OASIS, with errata 01).  A result may stand before what it refers to: tools that write their members in alphabetical
 * order, or results as they are found, put `tool` behind `results`.  Such results wait (stages/report/held.h) until the tool is known;
 * where paths are relative to a base, they also wait for the bases, but not for ever: most runs use %SRCROOT% and never define it.
 *
 * A run without `results` analysed nothing, and is an error.  Errors among the notifications are what could not be analysed: findings.
 */
#include "stages/report/sarif/sarif.h"
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum {
	VERSION,
	RUNS,
	RUN,
	RUN_END,
	TOOL_NAME,
	RULE,
	EXTENSION,
	EXTENSION_RULE,
	TOOL_END,
	RESULTS,
	RESULT,
	INVOCATION_SUCCESSFUL,
	INVOCATION_FAILURE,
	EXECUTION_NOTIFICATION,
	CONFIGURATION_NOTIFICATION,
	BASES,
	ARTIFACTS,
	ARTIFACT,
	EXTERNAL_RESULTS,
	PATTERNS
};

static const struct json_pattern patterns[] = {
	[VERSION] = { "version", JSON_ITEM, false },
	[RUNS] = { "runs", JSON_ENTER, false },
	[RUN] = { "runs[]", JSON_ENTER, false },
	[RUN_END] = { "runs[]", JSON_LEAVE, false },
	[TOOL_NAME] = { "runs[].tool.driver.name", JSON_ITEM, false },
	[RULE] = { "runs[].tool.driver.rules[]", JSON_ITEM, false },
	[EXTENSION] = { "runs[].tool.extensions[]", JSON_ENTER, false },
	[EXTENSION_RULE] = { "runs[].tool.extensions[].rules[]", JSON_ITEM, false },
	[TOOL_END] = { "runs[].tool", JSON_LEAVE, false },
	[RESULTS] = { "runs[].results", JSON_ENTER, false },
	[RESULT] = { "runs[].results[]", JSON_ITEM, false },
	[INVOCATION_SUCCESSFUL] = { "runs[].invocations[].executionSuccessful", JSON_ITEM, false },
	[INVOCATION_FAILURE] = { "runs[].invocations[].processStartFailureMessage", JSON_ITEM, false },
	[EXECUTION_NOTIFICATION] = { "runs[].invocations[].toolExecutionNotifications[]", JSON_ITEM, false },
	[CONFIGURATION_NOTIFICATION] = { "runs[].invocations[].toolConfigurationNotifications[]", JSON_ITEM, false },
	[BASES] = { "runs[].originalUriBaseIds", JSON_ITEM, true },
	[ARTIFACTS] = { "runs[].artifacts", JSON_ENTER, false },
	[ARTIFACT] = { "runs[].artifacts[]", JSON_ITEM, false },
	[EXTERNAL_RESULTS] = { "runs[].externalPropertyFileReferences.results", JSON_ENTER, false },
};

static const char *const keep[] = { "analysisTarget",
				    "arguments",
				    "artifactLocation",
				    "baselineState",
				    "defaultConfiguration",
				    "descriptor",
				    "endLine",
				    "exception",
				    "fingerprints*",
				    "fullDescription",
				    "helpUri",
				    "id",
				    "index",
				    "kind",
				    "level",
				    "location",
				    "locations",
				    "markdown",
				    "message",
				    "messageStrings*",
				    "name",
				    "partialFingerprints*",
				    "physicalLocation",
				    "properties",
				    "region",
				    "rule",
				    "ruleId",
				    "ruleIndex",
				    "security-severity",
				    "shortDescription",
				    "startColumn",
				    "startLine",
				    "status",
				    "suppressions",
				    "tags",
				    "text",
				    "toolComponent",
				    "uri",
				    "uriBaseId",
				    NULL };

struct artifact {
	const char *uri, *base;
};

struct state {
	struct json_report report;
	uint64_t runs;
	bool has_runs;
	unsigned scope;
	/* of the run */
	struct sarif_rules rules;
	struct held held; /* waiting results, the tool's name, artifacts */
	struct sarif_result *first, **last;
	const char *tool;
	json_t *bases;
	VEC(struct artifact) artifacts;
	uint32_t extensions;
	bool tool_known, has_artifacts, has_results, base_waits, artifact_waits, bases_given_up;
	bool failed, errors, unusable; /* an invocation failed; there were results and notifications that are errors */
	const char *why;	       /* of failed; or NULL */
};

/* Forgets what is no longer needed, now and then. */
static void trim(struct arena *a)
{
	enum { KEPT = 1 << 16 };

	if (a->used > KEPT)
		arena_clear(a);
}

/* ---- kinds of findings ---- */

static const char *tool_name(const struct state *s)
{
	return s->tool && *s->tool ? s->tool : s->report.options->tool;
}

/* The user knows better. */
static void tool_kind(const struct state *s, enum finding_kind *kind, unsigned *scope)
{
	const char *name = tool_name(s);

	sarif_tool_kind(name ? name : "", kind, scope);
	if (s->report.options->kind == FINDING_ISSUE)
		return;
	*kind = (enum finding_kind)s->report.options->kind;
	*scope = (unsigned)GIVES_ISSUES << *kind;
}

/* ---- from a result to a finding ---- */

static uint8_t severity(const struct sarif_result *r, const struct sarif_rule *rule)
{
	double score = r->score > 0 || !rule ? r->score : rule->score;

	if (score > 0)
		return severity_of_score(score);
	if (r->level != SARIF_NONE)
		return (uint8_t)r->level;
	return rule && rule->level != SARIF_NONE ? (uint8_t)rule->level : SEVERITY_MEDIUM;
}

static bool resolve_message(struct state *s, struct sarif_result *r, const struct sarif_rule *rule)
{
	if (r->message_id && rule)
		r->f.message = sarif_rule_message(rule, r->message_id);
	if (r->f.message && *r->f.message && r->arguments)
		r->f.message = sarif_fill_in(&s->report.scratch, r->f.message, r->arguments);
	else if (!r->f.message || !*r->f.message)
		r->f.message = rule && *rule->text ? rule->text : r->f.rule;
	return r->f.message != NULL;
}

static bool resolve_path(struct state *s, struct sarif_result *r)
{
	const char *uri = r->uri, *base = r->base;

	if (!uri && r->artifact >= 0 && r->artifact < s->artifacts.count) {
		uri = s->artifacts.items[r->artifact].uri;
		base = s->artifacts.items[r->artifact].base;
	}
	r->f.path = uri ? sarif_path(&s->report.scratch, s->report.options->workspace, s->bases, base ? base : "", uri) : "";
	return r->f.path != NULL;
}

static int emit(struct state *s, struct sarif_result *r, pipe_error *err)
{
	const struct sarif_rule *rule = NULL;
	enum finding_kind kind;
	unsigned scope;

	if (!r->is_notification)
		rule = sarif_rule_find(&s->rules, r->component, r->rule, r->f.rule);
	tool_kind(s, &kind, &scope);
	if (s->report.options->kind == FINDING_ISSUE && rule && rule->kind != SARIF_NONE)
		kind = (enum finding_kind)rule->kind;
	r->f.kind = (uint8_t)(r->is_notification ? FINDING_ISSUE : r->kind != SARIF_NONE ? r->kind : (int)kind);
	r->f.severity = severity(r, rule);
	r->f.tool = tool_name(s);
	if (rule && !*r->f.rule)
		r->f.rule = rule->id;
	r->f.url = rule ? rule->url : "";
	s->errors |= !r->f.suppressed && r->f.severity >= SEVERITY_HIGH;
	s->scope |= (unsigned)GIVES_ISSUES << r->f.kind;
	if (!resolve_message(s, r, rule) || !resolve_path(s, r))
		return error_nomem(err);
	return sink_finding(s->report.sink, &r->f, err);
}

/* ---- waiting ---- */

static bool waits_for_artifact(const struct state *s, const struct sarif_result *r)
{
	return !r->uri && r->artifact >= 0 && !s->has_artifacts;
}

static bool waits_for_base(const struct state *s, const struct sarif_result *r)
{
	return r->uri && *r->base && !s->bases && !s->bases_given_up;
}

static int emit_all(struct state *s, pipe_error *err)
{
	int rc = PIPE_OK;

	for (struct sarif_result *r = s->first; r && !rc; r = r->next) {
		rc = emit(s, r, err);
		trim(&s->report.scratch);
	}
	s->first = NULL;
	s->last = &s->first;
	s->base_waits = s->artifact_waits = false;
	return rc;
}

/* Hands over what waits, where nothing of it has to wait any longer. */
static int release(struct state *s, bool final, pipe_error *err)
{
	if (!final && (!s->tool_known || s->artifact_waits || (s->base_waits && !s->bases_given_up)))
		return PIPE_OK;
	return emit_all(s, err);
}

static int hold(struct state *s, const struct sarif_result *result, pipe_error *err)
{
	struct sarif_result *r;
	void *new;
	int rc = held_new(&s->held, &new, sizeof(*r), err);

	if (rc)
		return rc;
	r = new;
	*r = *result;
	rc = held_finding_texts(&s->held, &r->f, err);
	if (!rc)
		rc = held_texts(&s->held, (const char **const[]){ &r->uri, &r->base, &r->message_id, &r->arguments }, 4, err);
	if (rc)
		return rc;
	*s->last = r;
	s->last = &r->next;
	s->base_waits |= waits_for_base(s, r);
	s->artifact_waits |= waits_for_artifact(s, r);
	/* Bases that nobody defines must not hold up a report of any size. */
	s->bases_given_up |= s->tool_known && s->held.arena.used > s->held.most / HELD_FACTOR;
	return s->bases_given_up ? release(s, false, err) : PIPE_OK;
}

static int take(struct state *s, struct sarif_result *r, pipe_error *err)
{
	if (s->first || !s->tool_known || waits_for_base(s, r) || waits_for_artifact(s, r))
		return hold(s, r, err);
	return emit(s, r, err);
}

static int on_result(struct state *s, const struct json_item *item, pipe_error *err)
{
	struct sarif_result r;

	if (!json_is_object(item->value))
		return json_item_error(item, err, "a result is a map");
	if (sarif_is_no_finding(item->value))
		return PIPE_OK;
	return sarif_read_result(&s->report.scratch, item->value, &r) ? take(s, &r, err) : error_nomem(err);
}

/* ---- invocations ---- */

/* What a run that failed may have failed of. */
static int remember_why(struct state *s, const char *message, pipe_error *err)
{
	if (s->why || !*message)
		return PIPE_OK;
	s->why = message;
	return held_texts(&s->held, (const char **const[]){ &s->why }, 1, err);
}

static int on_notification(struct state *s, const struct json_item *item, pipe_error *err)
{
	struct sarif_result r;
	bool is_error;

	if (!sarif_read_notification(&s->report.scratch, item->value, &r, &is_error))
		return error_nomem(err);
	if (!is_error)
		return remember_why(s, r.f.message, err);
	s->unusable = true;
	return take(s, &r, err);
}

static int on_start_failure(struct state *s, const struct json_item *item, pipe_error *err)
{
	s->failed = true;
	s->why = json_item_string(item->value);
	return held_texts(&s->held, (const char **const[]){ &s->why }, 1, err);
}

/* The tool says that it failed, and nothing else in the run is red. */
static int report_failure(struct state *s, pipe_error *err)
{
	struct sarif_result r = {
		.is_notification = true, .level = SEVERITY_HIGH, .rule = SARIF_NONE, .artifact = SARIF_NONE, .kind = SARIF_NONE
	};

	if (!s->failed || s->errors || s->unusable)
		return PIPE_OK;
	r.f.rule = "executionSuccessful";
	r.f.message = s->why && *s->why ? s->why : "the tool says that its execution failed";
	r.f.fingerprint = "";
	s->unusable = true;
	return emit(s, &r, err);
}

/* ---- the run ---- */

static void clear_run(struct state *s)
{
	sarif_rules_clear(&s->rules);
	held_clear(&s->held);
	json_decref(s->bases);
	s->bases = NULL;
	memset(&s->artifacts, 0, sizeof(s->artifacts));
	s->first = NULL;
	s->last = &s->first;
	s->tool = s->why = NULL;
	s->extensions = 0;
	s->tool_known = s->has_artifacts = s->has_results = false;
	s->base_waits = s->artifact_waits = s->bases_given_up = false;
	s->failed = s->errors = s->unusable = false;
}

static int on_run(struct state *s, const struct json_item *item, pipe_error *err)
{
	if (item->type != JSON_OBJECT)
		return json_item_error(item, err, "a run is a map");
	clear_run(s);
	s->runs++;
	return PIPE_OK;
}

static int on_run_end(struct state *s, const struct json_item *item, pipe_error *err)
{
	enum finding_kind kind;
	unsigned scope;
	int rc = release(s, true, err);

	if (!rc)
		rc = report_failure(s, err);
	if (rc)
		return rc;
	if (!s->has_results && !s->unusable)
		return json_item_error(item, err, "run %llu (%s) has no \"results\": its tool analysed nothing",
				       (unsigned long long)s->runs, tool_name(s));
	tool_kind(s, &kind, &scope);
	s->scope |= scope;
	clear_run(s);
	return PIPE_OK;
}

static int on_tool_name(struct state *s, const struct json_item *item, pipe_error *err)
{
	s->tool = json_item_string(item->value);
	return held_texts(&s->held, (const char **const[]){ &s->tool }, 1, err);
}

static int on_tool_end(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)item;
	s->tool_known = true;
	return release(s, false, err);
}

static int on_rule(struct state *s, const struct json_item *item, pipe_error *err)
{
	return sarif_rules_add(&s->rules, item->pattern == RULE ? 0 : s->extensions, item->value, err);
}

static int on_extension(struct state *s, const struct json_item *item, pipe_error *err)
{
	enum { MOST_EXTENSIONS = 10000 };

	(void)item;
	if (++s->extensions > MOST_EXTENSIONS)
		return error_set(err, PIPE_ELIMIT, "a tool with more than %d extensions", MOST_EXTENSIONS);
	return PIPE_OK;
}

static int on_bases(struct state *s, const struct json_item *item, pipe_error *err)
{
	if (s->bases_given_up && sarif_bases_matter(&s->report.scratch, s->report.options->workspace, item->value))
		return json_item_error(
			item, err, "originalUriBaseIds stands behind results that need it, and too many of them to wait for it");
	s->bases = json_incref(item->value);
	return release(s, false, err);
}

static int on_artifacts(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)item, (void)err;
	s->has_artifacts = true;
	return PIPE_OK;
}

static int on_artifact(struct state *s, const struct json_item *item, pipe_error *err)
{
	struct artifact *a = vec_push(&s->held.arena, &s->artifacts);
	const json_t *location = json_object_get(item->value, "location");

	if (!a)
		return error_nomem(err);
	a->uri = json_item_text(location, "uri");
	a->base = json_item_text(location, "uriBaseId");
	return held_texts(&s->held, (const char **const[]){ &a->uri, &a->base }, 2, err);
}

static int on_results(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->has_results = item->type == JSON_ARRAY;
	return PIPE_OK;
}

static int on_external(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)s;
	return item->type == JSON_NULL
		       ? PIPE_OK
		       : json_item_error(item, err, "the results are in other files: bring them into this one first");
}

static int on_successful(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->failed |= json_is_false(item->value);
	return PIPE_OK;
}

static int on_runs(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->has_runs = item->type == JSON_ARRAY;
	return PIPE_OK;
}

static int on_version(struct state *s, const struct json_item *item, pipe_error *err)
{
	const char *version = json_item_string(item->value);

	(void)s;
	if (!strncmp(version, "2.1", 3))
		return PIPE_OK;
	return json_item_error(item, err, "SARIF %.20s cannot be read, only 2.1.0", version);
}

static int (*const handlers[])(struct state *s, const struct json_item *item, pipe_error *err) = {
	[VERSION] = on_version,
	[RUNS] = on_runs,
	[RUN] = on_run,
	[RUN_END] = on_run_end,
	[TOOL_NAME] = on_tool_name,
	[RULE] = on_rule,
	[EXTENSION] = on_extension,
	[EXTENSION_RULE] = on_rule,
	[TOOL_END] = on_tool_end,
	[RESULTS] = on_results,
	[RESULT] = on_result,
	[INVOCATION_SUCCESSFUL] = on_successful,
	[INVOCATION_FAILURE] = on_start_failure,
	[EXECUTION_NOTIFICATION] = on_notification,
	[CONFIGURATION_NOTIFICATION] = on_notification,
	[BASES] = on_bases,
	[ARTIFACTS] = on_artifacts,
	[ARTIFACT] = on_artifact,
	[EXTERNAL_RESULTS] = on_external,
};

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;
	int rc = handlers[item->pattern](s, item, err);

	trim(&s->report.scratch);
	return rc;
}

/* ---- the format ---- */

static const struct json_spec spec = { patterns, PATTERNS, keep, false, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct state *s = state;

	held_init(&s->held, &options->limits);
	s->rules.most = s->held.most;
	s->last = &s->first;
	return json_report_begin(&s->report, &spec, options, sink, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = json_items_finish(&s->report.items, err);

	if (rc)
		return rc;
	if (!s->has_runs)
		return error_set(err, PIPE_EPIPELINE, "no SARIF: there is no list of \"runs\"");
	if (!s->runs)
		return error_set(err, PIPE_EPIPELINE, "there is no run in it: no tool analysed anything");
	return sink_scope(s->report.sink, s->scope, err);
}

static void end(void *state)
{
	struct state *s = state;

	clear_run(s);
	json_report_end(state);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	if (json_head_first(head, length) != '{')
		return 0;
	if (json_head_has(head, length, "runs") && (json_head_says(head, length, "sarif") || json_head_has(head, length, "tool")))
		return 90;
	if (json_head_has(head, length, "$schema") && json_head_says(head, length, "sarif"))
		return 85;
	return json_path_has(path, ".sarif") ? 70 : 0;
}

const struct report_format report_sarif = {
	.name = "sarif",
	.help = "SARIF 2.1.0: CodeQL, ESLint, Semgrep, Ruff, gcc and most analysers of today",
	.gives = GIVES_ISSUES,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
