/* Conditions out of the parameters of a gate: tables of bounds, filters of findings, numbers with their units. */
#include "stages/gate/gate.h"

#include "base/duration.h"
#include "base/error.h"
#include "base/size.h"
#include "stages/parameter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "80", "80 %", "0.5". */
static bool read_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	while (*end == ' ' || *end == '%')
		end++;
	return end != text && !*end && isfinite(*out);
}

/* NULL, or why the text is no bound: what follows it in a sentence. */
static const char *read_bound_text(const char *text, enum gate_unit unit, bool at_least, double *out)
{
	uint64_t bytes = 0;
	int64_t ms = 0;

	if (unit == UNIT_BYTES) {
		bool good = size_parse(text, &bytes);
		*out = (double)bytes;
		return good ? NULL : "is no size: write \"200 MB\" or \"150 MiB\"";
	}
	if (unit == UNIT_DURATION) {
		bool good = duration_parse(text, &ms);
		*out = (double)ms;
		return good ? NULL : "is no duration: write \"10 minutes\" or \"1h 30m\"";
	}
	if (!read_number(text, out))
		return "is no number";
	return unit == UNIT_PERCENT && at_least && (*out < 0 || *out > 100) ? "is not between 0 % and 100 %" : NULL;
}

static int read_bound(const struct stage_job *job, const struct node *at, const char *text, struct gate_condition *c,
		      pipe_error *err)
{
	const char *wrong = read_bound_text(text, c->unit, c->at_least, &c->bound);

	return wrong ? parameter_wrong(job, at, err, "\"%s\" %s", text, wrong) : PIPE_OK;
}

static struct gate_condition *add(struct stage_job *job, const char *subject, gate_measure measure, enum gate_unit unit)
{
	struct gate *g = job->own;
	struct gate_condition *c = vec_push(job->arena, &g->conditions);

	if (c)
		*c = (struct gate_condition){ .subject = subject, .measure = measure, .unit = unit, .missing_ok = g->missing_ok };
	return c;
}

/* What a map may say of each of its conditions. */
static int read_attitude(struct stage_job *job, const struct node *map, struct gate_condition *c, pipe_error *err)
{
	const char *missing = NULL, *mode = NULL;
	int rc = parameter_text_in(job, map, "missing", &missing, err);

	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "mode", &mode, err);
	if (missing)
		c->missing_ok = !strcmp(missing, "ok");
	c->warn = mode && !strcmp(mode, "warn");
	return rc;
}

/* A bound that stands in a map by a name: one row makes one condition. */
struct bound_row {
	const char *name, *subject;
	gate_measure measure;
	enum gate_unit unit;
	bool at_least;
	unsigned statuses;
	const char *fallback; /* the bound where it is not written; NULL: no condition then */
};

#define FAILED_BITS (1u << TEST_FAILED | 1u << TEST_ERROR)

static const struct bound_row coverage_rows[] = {
	{ "least", "coverage", gate_coverage, UNIT_PERCENT, true, 0, NULL },
	{ "branches", "coverage of branches", gate_branches, UNIT_PERCENT, true, 0, NULL },
	{ "changed", "coverage of changed lines", gate_changed, UNIT_PERCENT, true, 0, NULL },
	{ "drop", "drop of coverage", gate_drop, UNIT_POINTS, false, 0, NULL },
	{ 0 },
};
static const struct bound_row tests_rows[] = {
	{ "failed", "failed tests", gate_tests, UNIT_COUNT, false, FAILED_BITS, "0" },
	{ "new_failures", "new failed tests", gate_new_failures, UNIT_COUNT, false, FAILED_BITS, NULL },
	{ "flaky", "flaky tests", gate_tests, UNIT_COUNT, false, 1u << TEST_FLAKY, NULL },
	{ "skipped", "skipped tests", gate_tests, UNIT_COUNT, false, 1u << TEST_SKIPPED, NULL },
	{ "least", "tests that ran", gate_tests_run, UNIT_COUNT, true, 0, NULL },
	{ "pass_rate", "tests that passed", gate_pass_rate, UNIT_PERCENT, true, 0, NULL },
	{ 0 },
};
static const struct bound_row image_rows[] = {
	{ "most", "image size", gate_image_size, UNIT_BYTES, false, 0, NULL },
	{ "growth", "growth of the image", gate_image_growth, UNIT_PERCENT, false, 0, NULL },
	{ 0 },
};
static const struct bound_row duration_rows[] = {
	{ "most", "duration", gate_duration, UNIT_DURATION, false, 0, NULL },
	{ "growth", "growth of the duration", gate_duration_growth, UNIT_PERCENT, false, 0, NULL },
	{ 0 },
};
static const struct bound_row metric_rows[] = {
	{ "least", NULL, gate_metric, UNIT_NUMBER, true, 0, NULL },
	{ "most", NULL, gate_metric, UNIT_NUMBER, false, 0, NULL },
	{ "growth", NULL, gate_metric_growth, UNIT_PERCENT, false, 0, NULL },
	{ 0 },
};

static int add_bound(struct stage_job *job, const struct node *map, const struct bound_row *row, const char *metric,
		     pipe_error *err)
{
	const char *text = row->fallback, *subject = row->subject;
	struct gate_condition *c;
	int rc = parameter_text_in(job, map, row->name, &text, err);

	if (rc || !text)
		return rc;
	if (!subject)
		subject = arena_printf(job->arena, "%s%s", row->unit == UNIT_PERCENT ? "growth of " : "", metric);
	c = subject ? add(job, subject, row->measure, row->unit) : NULL;
	if (!c)
		return error_nomem(err);
	c->at_least = row->at_least;
	c->statuses = row->statuses;
	c->metric = metric;
	rc = read_bound(job, node_get(map, row->name) ? node_get(map, row->name) : map, text, c, err);
	return rc ? rc : read_attitude(job, map, c, err);
}

/* A scalar is the bound of the first row. */
static int add_bounds(struct stage_job *job, const struct node *value, const char *name, const struct bound_row *rows,
		      pipe_error *err)
{
	const char *text = NULL;
	struct gate_condition *c;
	int rc = PIPE_OK;

	if (value->kind == NODE_MAP) {
		for (; rc == PIPE_OK && rows->name; rows++)
			rc = add_bound(job, value, rows, NULL, err);
		return rc;
	}
	rc = parameter_text(job, name, &text, err);
	if (rc)
		return rc;
	c = add(job, rows->subject, rows->measure, rows->unit);
	if (!c)
		return error_nomem(err);
	c->at_least = rows->at_least;
	return read_bound(job, value, text, c, err);
}

/* "new critical vulnerabilities with a fix, in touched files". */
static const char *findings_subject(struct stage_job *job, const struct finding_filter *f, const char *plural)
{
	bool and_above = f->severity && f->severity < SEVERITY_CRITICAL;

	return arena_printf(job->arena, "%s%s%s%s%s%s%s%s%s%s%s", f->only_new ? "new " : "",
			    f->severity ? severity_name((enum severity)f->severity) : "",
			    and_above	  ? "+ "
			    : f->severity ? " "
					  : "",
			    plural,
			    f->fixable > 0   ? " with a fix"
			    : f->fixable < 0 ? " without a fix"
					     : "",
			    f->rule ? " of " : "", f->rule ? f->rule : "", f->tool ? " by " : "", f->tool ? f->tool : "",
			    f->touched_files || f->touched_lines ? " in touched " : "",
			    f->touched_lines   ? "lines"
			    : f->touched_files ? "files"
					       : "");
}

static int read_kinds(struct stage_job *job, const struct node *map, struct finding_filter *f, const char **plural,
		      pipe_error *err)
{
	const char *const *names = NULL;
	int rc = parameter_texts_in(job, map, "kind", &names, err);

	for (size_t i = 0; rc == PIPE_OK && names && names[i]; i++) {
		enum finding_kind kind;
		if (!finding_kind_from(names[i], &kind))
			return parameter_wrong(job, node_get(map, "kind"), err, "there is no kind of findings \"%s\"", names[i]);
		f->kinds |= 1u << kind;
		*plural = i ? "findings" : gate_plural(kind);
	}
	return rc;
}

static int read_filter(struct stage_job *job, const struct node *map, struct finding_filter *f, pipe_error *err)
{
	const char *severity = NULL, *where = NULL;
	enum severity least = SEVERITY_UNKNOWN;
	const struct node *fixable = node_get(map, "fixable");
	bool fix = false;
	int rc = parameter_text_in(job, map, "severity", &severity, err);

	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "touched", &where, err);
	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "rule", &f->rule, err);
	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "tool", &f->tool, err);
	if (rc == PIPE_OK)
		rc = parameter_bool_in(job, map, "new", &f->only_new, err);
	if (rc == PIPE_OK)
		rc = parameter_bool_in(job, map, "fixable", &fix, err);
	if (rc)
		return rc;
	if (severity && !severity_from(severity, &least))
		return parameter_wrong(job, node_get(map, "severity"), err, "there is no severity \"%s\"", severity);
	f->severity = (uint8_t)least;
	f->touched_files = where && !strcmp(where, "files");
	f->touched_lines = where && !strcmp(where, "lines");
	f->fixable = (int8_t)(node_is_null(fixable) ? 0 : fix ? 1 : -1);
	return PIPE_OK;
}

struct findings_parameter {
	const char *name;
	unsigned kinds; /* 0: what `kind` says */
};

static const struct findings_parameter findings_parameters[] = {
	{ "findings", 0 },
	{ "licenses", 1u << FINDING_LICENSE },
	{ "misconfigurations", 1u << FINDING_MISCONFIGURATION },
	{ "secrets", 1u << FINDING_SECRET },
	{ "vulnerabilities", 1u << FINDING_VULNERABILITY },
	{ "warnings", 1u << FINDING_WARNING },
};

static int add_findings_map(struct stage_job *job, const struct node *map, const struct findings_parameter *p, pipe_error *err)
{
	const char *plural = p->name, *most = "0";
	struct gate_condition *c = add(job, NULL, gate_findings, UNIT_COUNT);
	int rc;

	if (!c)
		return error_nomem(err);
	c->filter.kinds = p->kinds;
	rc = read_filter(job, map, &c->filter, err);
	if (rc == PIPE_OK && !p->kinds)
		rc = read_kinds(job, map, &c->filter, &plural, err);
	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "most", &most, err);
	if (rc == PIPE_OK)
		rc = read_bound(job, node_get(map, "most") ? node_get(map, "most") : map, most, c, err);
	if (rc == PIPE_OK)
		rc = read_attitude(job, map, c, err);
	if (rc)
		return rc;
	c->subject = findings_subject(job, &c->filter, plural);
	return c->subject ? PIPE_OK : error_nomem(err);
}

static int add_findings(struct stage_job *job, const struct findings_parameter *p, pipe_error *err)
{
	const struct node *value = parameter_node(job, p->name);
	const char *most = NULL;
	struct gate_condition *c;
	int rc = PIPE_OK;

	if (!value)
		return PIPE_OK;
	if (value->kind == NODE_MAP)
		return add_findings_map(job, value, p, err);
	if (value->kind == NODE_LIST) {
		for (uint32_t i = 0; rc == PIPE_OK && i < value->count; i++)
			rc = add_findings_map(job, value->items[i], p, err);
		return rc;
	}
	rc = parameter_text(job, p->name, &most, err);
	if (rc)
		return rc;
	c = add(job, p->name, gate_findings, UNIT_COUNT);
	if (!c)
		return error_nomem(err);
	c->filter.kinds = p->kinds;
	return read_bound(job, value, most, c, err);
}

static int add_metrics(struct stage_job *job, pipe_error *err)
{
	const struct node *list = parameter_node(job, "metrics");
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && list && list->kind == NODE_LIST && i < list->count; i++) {
		struct gate *g = job->own;
		uint32_t before = g->conditions.count;
		const char *name = NULL;
		rc = parameter_text_in(job, list->items[i], "name", &name, err);
		for (const struct bound_row *row = metric_rows; rc == PIPE_OK && name && row->name; row++)
			rc = add_bound(job, list->items[i], row, name, err);
		if (rc == PIPE_OK && g->conditions.count == before)
			rc = parameter_wrong(job, list->items[i], err, "no bound: add \"most\", \"least\" or \"growth\"");
	}
	return rc;
}

static const struct {
	const char *name;
	const struct bound_row *rows;
} bound_parameters[] = {
	{ "tests", tests_rows },
	{ "coverage", coverage_rows },
	{ "image_size", image_rows },
	{ "duration", duration_rows },
};

static int read_settings(struct stage_job *job, struct gate *g, pipe_error *err)
{
	const char *mode = "enforce", *missing = "fail", *baseline = "ok";
	int rc = parameter_text(job, "mode", &mode, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "missing", &missing, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "no_baseline", &baseline, err);
	g->warn = !strcmp(mode, "warn");
	g->missing_ok = !strcmp(missing, "ok");
	g->baseline_needed = !strcmp(baseline, "fail");
	return rc;
}

/* ---- what can be known before variables are ---- */

static void check_bound(const struct node *value, enum gate_unit unit, bool at_least, struct diagnostics *d)
{
	const char *wrong;
	double bound;

	if (!value || value->kind != NODE_SCALAR || node_is_null(value) || strchr(value->text, '$'))
		return;
	wrong = read_bound_text(value->text, unit, at_least, &bound);
	if (wrong)
		diag_error(d, value->at, "gate-bound", "\"%s\" %s", value->text, wrong);
}

static void check_bounds(const struct node *value, const struct bound_row *rows, struct diagnostics *d)
{
	if (value && value->kind == NODE_SCALAR)
		check_bound(value, rows->unit, rows->at_least, d);
	for (; value && value->kind == NODE_MAP && rows->name; rows++)
		check_bound(node_get(value, rows->name), rows->unit, rows->at_least, d);
}

static const struct bound_row findings_rows[] = { { "most", NULL, gate_findings, UNIT_COUNT, false, 0, NULL }, { 0 } };

static void check_list(const struct node *value, const struct bound_row *rows, struct diagnostics *d)
{
	for (uint32_t i = 0; value && value->kind == NODE_LIST && i < value->count; i++)
		check_bounds(value->items[i], rows, d);
}

void gate_check_bounds(const struct node *with, struct diagnostics *d)
{
	for (size_t i = 0; i < sizeof(bound_parameters) / sizeof(*bound_parameters); i++)
		check_bounds(node_get(with, bound_parameters[i].name), bound_parameters[i].rows, d);
	for (size_t i = 0; i < sizeof(findings_parameters) / sizeof(*findings_parameters); i++) {
		check_bounds(node_get(with, findings_parameters[i].name), findings_rows, d);
		check_list(node_get(with, findings_parameters[i].name), findings_rows, d);
	}
	check_list(node_get(with, "metrics"), metric_rows, d);
}

/* ---- making them ---- */

int gate_compile(struct stage_job *job, pipe_error *err)
{
	struct gate *g = ARENA_NEW(job->arena, struct gate);
	int rc;

	if (!g)
		return error_nomem(err);
	job->own = g;
	rc = read_settings(job, g, err);
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(bound_parameters) / sizeof(*bound_parameters); i++) {
		const struct node *value = parameter_node(job, bound_parameters[i].name);
		if (value)
			rc = add_bounds(job, value, bound_parameters[i].name, bound_parameters[i].rows, err);
	}
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(findings_parameters) / sizeof(*findings_parameters); i++)
		rc = add_findings(job, &findings_parameters[i], err);
	if (rc == PIPE_OK)
		rc = add_metrics(job, err);
	return rc ? rc : gate_lua_compile(job, err);
}
