/*
 * uses: gate - conditions over the evidence of a run, and over how it compares with the last good run of the target branch.  Every
 * condition becomes a row with value, bound and verdict, whether it holds or not: the verdict of an old run can be explained from
 * the history alone.
 *
 * Nobody said anything ("no data") is a failure unless `missing: ok` says otherwise.  Nothing to compare with ("no baseline") is
 * none unless `no_baseline: fail`: the first run of a branch could never become the baseline.
 */
#include "stages/gate/gate.h"

#include "base/duration.h"
#include "base/error.h"
#include "base/str.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/types.h"

#include <math.h>
#include <string.h>

/* ---- parameters ---- */

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const char *const modes[] = { "enforce", "warn", NULL };
static const char *const allowed[] = { "fail", "ok", NULL };
static const char *const touched[] = { "files", "lines", NULL };
#define X(name, text) text,
static const char *const severities[] = { SEVERITY_MAP(X) NULL };
static const char *const kinds[] = { FINDING_KIND_MAP(X) NULL };
#undef X

#define MISSING                                                                                                                  \
	FIELD("missing", TAKES_ENUM, "whether no data at all is a failure", .values = allowed, .fallback = "as of the gate")
#define MODE                                                                                                                     \
	FIELD("mode", TAKES_ENUM, "whether a failure of this condition fails the gate", .values = modes,                         \
	      .fallback = "as of the gate")

static const struct keyword coverage_fields[] = {
	FIELD("branches", TAKES_SCALAR, "per cent of the branches, at least"),
	FIELD("changed", TAKES_SCALAR, "per cent of the lines that this change touched, at least"),
	FIELD("drop", TAKES_SCALAR, "percentage points below the baseline, at most"),
	FIELD("least", TAKES_SCALAR, "per cent of the lines, at least"),
	MISSING,
	MODE,
	KEYWORD_END,
};

static const struct keyword tests_fields[] = {
	FIELD("failed", TAKES_SCALAR, "failed tests, at most", .fallback = "0"),
	FIELD("flaky", TAKES_SCALAR, "tests that passed only on another try, at most"),
	FIELD("least", TAKES_SCALAR, "tests that ran, at least"),
	MISSING,
	MODE,
	FIELD("new_failures", TAKES_SCALAR, "failed tests that did not fail in the baseline, at most"),
	FIELD("pass_rate", TAKES_SCALAR, "per cent of the tests that ran, at least"),
	FIELD("skipped", TAKES_SCALAR, "skipped tests, at most"),
	KEYWORD_END,
};

static const struct keyword findings_fields[] = {
	FIELD("fixable", TAKES_BOOL, "only those with a fixed version (true), or without one (false)"),
	FIELD("kind", TAKES_ENUM | TAKES_LIST, "only findings of these kinds", .values = kinds, .items = TAKES_ENUM),
	MISSING,
	MODE,
	FIELD("most", TAKES_SCALAR, "how many there may be", .fallback = "0"),
	FIELD("new", TAKES_BOOL, "only those that the baseline does not have"),
	FIELD("rule", TAKES_TEXT, "only those of this rule"),
	FIELD("severity", TAKES_ENUM, "only those of this severity and above", .values = severities),
	FIELD("tool", TAKES_TEXT, "only those that this tool reported"),
	FIELD("touched", TAKES_ENUM, "only those in files, or on lines, that this change touched", .values = touched),
	KEYWORD_END,
};

static const struct keyword size_fields[] = {
	FIELD("growth", TAKES_SCALAR, "per cent above the baseline, at most"),
	MISSING,
	MODE,
	FIELD("most", TAKES_SCALAR, "how much it may be"),
	KEYWORD_END,
};

static const struct keyword metric_fields[] = {
	FIELD("growth", TAKES_SCALAR, "per cent above the baseline, at most"),
	FIELD("least", TAKES_SCALAR, "the lower bound"),
	MISSING,
	MODE,
	FIELD("most", TAKES_SCALAR, "the upper bound"),
	FIELD("name", TAKES_TEXT, "the metric, summed over its labels", .required = true),
	KEYWORD_END,
};

static const struct keyword lua_fields[] = {
	MISSING,
	MODE,
	FIELD("name", TAKES_TEXT, "what the condition is called", .fallback = "the file's name"),
	FIELD("with", TAKES_NAMED, "what the script finds in `ctx.with`", .items = TAKES_ANY),
	KEYWORD_END,
};

#define FINDINGS TAKES_SCALAR | TAKES_MAP | TAKES_LIST

static const struct keyword parameters[] = {
	FIELD("coverage", TAKES_SCALAR | TAKES_MAP, "coverage of lines in per cent, at least; or a map",
	      .fields = coverage_fields, .example = "coverage: 80 %"),
	FIELD("duration", TAKES_SCALAR | TAKES_MAP, "how long the run may take so far; or a map", .fields = size_fields,
	      .example = "duration: 10 minutes"),
	FIELD("findings", FINDINGS, "findings of any kind, at most; or maps", .items = TAKES_MAP, .fields = findings_fields,
	      .example = "findings:\n  - {severity: critical}\n  - {new: true}"),
	FIELD("image_size", TAKES_SCALAR | TAKES_MAP, "the size of the largest image, at most; or a map", .fields = size_fields,
	      .example = "image_size: 200 MB"),
	FIELD("licenses", FINDINGS, "findings about licences, at most; or maps", .items = TAKES_MAP, .fields = findings_fields),
	FIELD("lua", TAKES_LUA | TAKES_LIST, "conditions of one's own: Lua that returns true, or false and a reason, or a table",
	      .items = TAKES_LUA, .fields = lua_fields,
	      .example = "lua:\n  - {name: licences, file: gates/licences.lua, with: {allow: [MIT]}}"),
	FIELD("metrics", TAKES_LIST, "bounds of metrics", .items = TAKES_MAP, .fields = metric_fields,
	      .example = "metrics:\n  - {name: startup_seconds, most: 0.5}"),
	FIELD("misconfigurations", FINDINGS, "misconfigurations, at most; or maps", .items = TAKES_MAP,
	      .fields = findings_fields),
	FIELD("missing", TAKES_ENUM, "whether a condition without any data is a failure", .values = allowed, .fallback = "fail"),
	FIELD("mode", TAKES_ENUM, "whether the job fails when a condition does", .values = modes, .fallback = "enforce"),
	FIELD("no_baseline", TAKES_ENUM, "whether a condition without a baseline to compare with is a failure", .values = allowed,
	      .fallback = "ok"),
	FIELD("secrets", FINDINGS, "secrets, at most; or maps", .items = TAKES_MAP, .fields = findings_fields,
	      .example = "secrets: 0"),
	FIELD("tests", TAKES_MAP, "bounds of tests", .fields = tests_fields, .example = "tests: {failed: 0, least: 100}"),
	FIELD("vulnerabilities", FINDINGS, "vulnerabilities, at most; or maps", .items = TAKES_MAP, .fields = findings_fields,
	      .example = "vulnerabilities: {severity: high, fixable: true}"),
	FIELD("warnings", FINDINGS, "compiler warnings, at most; or maps", .items = TAKES_MAP, .fields = findings_fields),
	KEYWORD_END,
};

static bool is_condition(const char *name)
{
	static const char *const settings[] = { "missing", "mode", "no_baseline" };

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (!strcmp(settings[i], name))
			return false;
	return true;
}

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	if (with && with->kind == NODE_MAP)
		gate_check_bounds(with, d);
	for (uint32_t i = 0; with && with->kind == NODE_MAP && i < with->count; i++)
		if (is_condition(with->pairs[i].key->text) && !node_is_null(with->pairs[i].value))
			return;
	diag_error(d, with ? with->at : at, "gate-empty", "a gate without a condition says nothing");
	diag_hint(d, "add \"coverage: 80\", \"findings: {severity: high}\" or the like below \"with\"");
}

/* ---- verdicts ---- */

static const char *write_value(struct arena *a, enum gate_unit unit, double value)
{
	char text[64];

	switch (unit) {
	case UNIT_PERCENT:
		return arena_printf(a, "%.4g %%", value);
	case UNIT_POINTS:
		return arena_printf(a, "%.4g points", value);
	case UNIT_BYTES:
		return value >= 1e6 ? arena_printf(a, "%.4g MB", value / 1e6) : arena_printf(a, "%.0f bytes", value);
	case UNIT_DURATION:
		return arena_strdup(a, duration_format((int64_t)value, text, sizeof(text)));
	case UNIT_COUNT:
		return arena_printf(a, "%.0f", value);
	case UNIT_NUMBER:
		break;
	}
	return arena_printf(a, "%.6g", value);
}

/* Against rounding: 80.0 % of 4 of 5 lines is no less than 80 %. */
static bool holds(const struct gate_condition *c, double value)
{
	const double slack = 1e-9 * fmax(1, fabs(c->bound));

	return c->at_least ? value >= c->bound - slack : value <= c->bound + slack;
}

enum outcome { OUTCOME_PASS, OUTCOME_WARN, OUTCOME_FAIL };

/* Why there is no value. */
static const char *lack_of(enum gate_data data)
{
	return data == DATA_NONE ? "no data" : "no baseline";
}

/* What failed, in a sentence that grows; the table has them all. */
enum { COMPLAINTS_MOST = 3 };
struct gate_complaint {
	struct str text;
	unsigned count;
};

static void complain(struct gate_complaint *c, const struct stage_condition *row, const char *value)
{
	if (c->count++ >= COMPLAINTS_MOST)
		return;
	if (c->count > 1)
		str_adds(&c->text, "; ");
	if (!*row->bound) { /* a script that gives a reason alone */
		str_printf(&c->text, "%s: %s", row->subject, *row->detail ? row->detail : value);
		return;
	}
	str_printf(&c->text, "%s: %s, wanted %s", row->subject, value, row->bound);
	if (*row->detail)
		str_printf(&c->text, " (%s)", row->detail);
}

void gate_settle(struct stage_job *job, struct stage_condition *row, enum gate_data data, bool bad, bool warn)
{
	/* The word alone says whether the condition counts against the run. */
	static const char *const words[][OUTCOME_FAIL + 1] = {
		[DATA_VALUE] = { "pass", "warn", "fail" },
		[DATA_NONE] = { "no data: ok", "no data: warn", "no data" },
		[DATA_NO_BASELINE] = { "no baseline", "no baseline: warn", "no baseline: fail" },
	};
	const struct gate *g = job->own;
	const enum outcome outcome = !bad ? OUTCOME_PASS : warn || g->warn ? OUTCOME_WARN : OUTCOME_FAIL;

	row->verdict = words[data][outcome];
	if (outcome != OUTCOME_PASS)
		complain(g->complaint, row, data == DATA_VALUE ? row->value : lack_of(data));
	if (outcome == OUTCOME_FAIL)
		job->verdict = VERDICT_FAIL;
	else if (outcome == OUTCOME_WARN && job->verdict == VERDICT_PASS)
		job->verdict = VERDICT_WARN;
}

static bool is_bad(const struct gate *g, const struct gate_condition *c, const struct gate_reading *r)
{
	if (r->data == DATA_VALUE)
		return !holds(c, r->value);
	return r->data == DATA_NONE ? !c->missing_ok : g->baseline_needed;
}

static int judge_condition(struct stage_job *job, const struct gate_condition *c, pipe_error *err)
{
	struct gate_reading reading = { .data = DATA_NONE, .detail = "" };
	struct stage_condition *row;
	int rc = c->measure(job, c, &reading, err);

	if (rc)
		return rc;
	row = stage_condition(job);
	if (!row)
		return error_nomem(err);
	row->subject = c->subject;
	row->detail = reading.detail ? reading.detail : "";
	row->bound = write_value(job->arena, c->unit, c->bound);
	row->value = reading.data == DATA_VALUE ? write_value(job->arena, c->unit, reading.value) : "-";
	if (reading.data == DATA_NO_BASELINE && row->detail == job->view->no_baseline)
		row->detail = ""; /* said above the table */
	if (row->bound)
		row->bound = arena_printf(job->arena, "%s %s", c->at_least ? "at least" : "at most", row->bound);
	if (!row->bound || !row->value)
		return error_nomem(err);
	gate_settle(job, row, reading.data, is_bad(job->own, c, &reading), c->warn);
	return PIPE_OK;
}

/* A report that could not be read may hide anything: no condition can stand on what is left. */
static int judge_broken(struct stage_job *job, pipe_error *err)
{
	struct evidence_totals t;
	struct stage_condition *row;
	int rc = job->view->totals(job->view->payload, SIDE_RUN, &t, err);

	if (rc || !t.broken)
		return rc;
	row = stage_condition(job);
	if (!row)
		return error_nomem(err);
	*row = (struct stage_condition){ .subject = "reports that could not be read",
					 .value = write_value(job->arena, UNIT_COUNT, (double)t.broken),
					 .bound = "at most 0",
					 .detail = "" };
	if (!row->value)
		return error_nomem(err);
	gate_settle(job, row, DATA_VALUE, true, false);
	return PIPE_OK;
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	struct gate *g = job->own;
	struct gate_complaint complaint = { .count = 0 };
	int rc = PIPE_OK;

	str_init_limit(&complaint.text, 4096);
	g->complaint = &complaint;
	if (job->view->baseline_run)
		stage_say(job, "compared with run %lld of %s", (long long)job->view->baseline_run, job->view->baseline_branch);
	else
		stage_say(job, "compared with nothing: %s",
			  job->view->no_baseline ? job->view->no_baseline : "there is no earlier run");
	for (uint32_t i = 0; rc == PIPE_OK && i < g->conditions.count; i++)
		rc = judge_condition(job, &g->conditions.items[i], err);
	if (rc == PIPE_OK)
		rc = gate_lua_judge(job, err);
	if (rc == PIPE_OK)
		rc = judge_broken(job, err);
	if (complaint.count > COMPLAINTS_MOST)
		str_printf(&complaint.text, "; and %u more", complaint.count - COMPLAINTS_MOST);
	if (rc == PIPE_OK && job->verdict != VERDICT_PASS) {
		job->reason = arena_printf(job->arena, "%u of %u conditions %s: %s", complaint.count, job->conditions.count,
					   complaint.count == 1 ? "does not hold" : "do not hold", complaint.text.data);
		if (!job->reason)
			rc = error_nomem(err);
	}
	str_clear(&complaint.text);
	g->complaint = NULL;
	return rc;
}

const struct stage_type stage_gate = {
	.uses = { .name = "gate",
		  .help = "conditions over the evidence of the run, and against the last good run of the target branch",
		  .parameters = parameters,
		  .example = "quality:\n"
			     "  stage: verify\n"
			     "  uses: gate\n"
			     "  with:\n"
			     "    coverage: 80 %\n"
			     "    findings: [{severity: critical}, {new: true}]\n",
		  .since = "0.1",
		  .check = check },
	.compile = gate_compile,
	.react = gate_lua_react,
	.evaluate = evaluate,
};
