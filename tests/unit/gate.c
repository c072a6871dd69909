/* The gate: every condition against passing, failing and missing evidence and a missing baseline, over a view made of a table. */
#include "stages/gate/gate.h"

#include "stages/types.h"
#include "tests/unit/decode_fixture.h"

#include <string.h>

Suite *gate_suite(void);

/* What the view answers. */
struct facts {
	struct evidence_totals run, baseline;
	bool has_baseline;
	uint64_t findings, new_findings, new_failures; /* whatever the filter */
	uint64_t changed, changed_hit;
	bool changes_known;
	double metric, old_metric; /* negative: none */
	uint64_t image, old_image; /* 0: none */
	int64_t ms, old_ms;	   /* 0: none */
	struct finding_filter asked;
};

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	const struct facts *f = payload;

	(void)err;
	*out = side == SIDE_BASELINE ? f->baseline : f->run;
	return PIPE_OK;
}

static int findings(void *payload, enum evidence_side side, const struct finding_filter *filter,
		    int (*each)(void *, const struct evidence_finding *), void *each_payload, uint64_t *count, pipe_error *err)
{
	struct facts *f = payload;
	const struct evidence_finding one = { .rule = "CVE-1", .path = "src/a.c", .line = 7, .package = "", .installed = "" };

	(void)side;
	(void)err;
	f->asked = *filter;
	if (count)
		*count = filter->only_new ? f->new_findings : f->findings;
	if (each)
		each(each_payload, &one);
	return PIPE_OK;
}

static int tests(void *payload, enum evidence_side side, const struct test_filter *filter,
		 int (*each)(void *, const struct evidence_test *), void *each_payload, uint64_t *count, pipe_error *err)
{
	const struct facts *f = payload;
	const struct evidence_test one = { .suite = "suite", .name = "culprit" };

	(void)side;
	(void)err;
	if (count)
		*count = filter->only_new ? f->new_failures : 0;
	if (each)
		each(each_payload, &one);
	return PIPE_OK;
}

static int changed_coverage(void *payload, uint64_t *lines, uint64_t *hit, bool *known, const char **why, pipe_error *err)
{
	const struct facts *f = payload;

	(void)err;
	*lines = f->changed;
	*hit = f->changed_hit;
	*known = f->changes_known;
	*why = "there is no Git here";
	return PIPE_OK;
}

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	const struct facts *f = payload;

	(void)err;
	*value = side == SIDE_BASELINE ? f->old_metric : f->metric;
	*found = *value >= 0 && !strcmp(name, "startup");
	return PIPE_OK;
}

static int image_bytes(void *payload, enum evidence_side side, uint64_t *bytes, bool *found, pipe_error *err)
{
	const struct facts *f = payload;

	(void)err;
	*bytes = side == SIDE_BASELINE ? f->old_image : f->image;
	*found = *bytes > 0;
	return PIPE_OK;
}

static int duration_ms(void *payload, enum evidence_side side, int64_t *ms, bool *found, pipe_error *err)
{
	const struct facts *f = payload;

	(void)err;
	*ms = side == SIDE_BASELINE ? f->old_ms : f->ms;
	*found = *ms > 0;
	return PIPE_OK;
}

struct gating {
	struct decoded_text text;
	struct arena arena;
	struct scope scope;
	struct evidence_view view;
	struct str said;
	struct stage_job job;
	pipe_error err;
	int rc;
};

static void say(void *payload, const char *line)
{
	str_printf(payload, "%s\n", line);
}

/* Compiles and judges; with: YAML in flow style. */
static void judge(struct gating *g, struct facts *f, const char *with)
{
	memset(g, 0, sizeof(*g));
	str_init(&g->said);
	decoded_init(&g->text);
	ck_assert_msg(decoded_with(&g->text, stage_gate.uses.parameters, with), "the table does not take %s", with);
	g->view = (struct evidence_view){ .baseline_run = f->has_baseline ? 41 : 0,
					  .baseline_branch = f->has_baseline ? "main" : "",
					  .no_baseline = f->has_baseline ? NULL : "no successful run of main is in the history",
					  .totals = totals,
					  .findings = findings,
					  .tests = tests,
					  .changed_coverage = changed_coverage,
					  .metric = metric,
					  .image_bytes = image_bytes,
					  .duration_ms = duration_ms,
					  .payload = f };
	g->job = (struct stage_job){ .arena = &g->arena,
				     .type = &stage_gate,
				     .name = "quality",
				     .with = g->text.root,
				     .scope = &g->scope,
				     .sources = &g->text.sources,
				     .view = &g->view,
				     .totals = &f->run,
				     .say = say,
				     .say_payload = &g->said };
	g->rc = stage_gate.compile(&g->job, &g->err);
	if (g->rc == PIPE_OK)
		g->rc = stage_gate.evaluate(&g->job, &g->err);
}

static void end(struct gating *g)
{
	str_clear(&g->said);
	arena_clear(&g->arena);
	decoded_clear(&g->text);
}

/* Everything there is, and all of it good. */
static struct facts good_facts(void)
{
	struct facts f = { .has_baseline = true,
			   .changes_known = true,
			   .changed = 10,
			   .changed_hit = 9,
			   .metric = 1,
			   .old_metric = 1,
			   .image = 100000000,
			   .old_image = 100000000,
			   .ms = 60000,
			   .old_ms = 60000 };

	f.run.has_tests = f.run.has_coverage = true;
	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++)
		f.run.has_findings[i] = true;
	f.run.tests[TEST_PASSED] = 100;
	f.run.lines = 1000;
	f.run.lines_hit = 900;
	f.run.branches = 100;
	f.run.branches_hit = 80;
	f.baseline = f.run;
	return f;
}

static struct facts bad_facts(void)
{
	struct facts f = good_facts();

	f.run.tests[TEST_FAILED] = 1;
	f.run.tests[TEST_ERROR] = 2;
	f.run.tests[TEST_FLAKY] = 3;
	f.run.tests[TEST_SKIPPED] = 4;
	f.run.tests[TEST_PASSED] = 50;
	f.new_failures = 2;
	f.run.lines_hit = 700;
	f.run.branches_hit = 20;
	f.changed_hit = 2;
	f.findings = f.new_findings = 5;
	f.image = 300000000;
	f.ms = 600000;
	f.metric = 3;
	return f;
}

static struct facts no_facts(void)
{
	struct facts f = { .has_baseline = true, .metric = -1, .old_metric = -1, .changes_known = true };

	return f;
}

static struct facts without_baseline(void)
{
	struct facts f = good_facts();

	f.has_baseline = f.changes_known = false;
	memset(&f.baseline, 0, sizeof(f.baseline));
	return f;
}

/* One row a condition: how it is written, how it is shown, and whether it compares with a baseline.  bad: the value of bad_facts. */
static const struct condition {
	const char *with, *subject, *bound, *good, *bad;
	bool compares;
} conditions[] = {
	{ "{coverage: 80}", "coverage", "at least 80 %", "90 %", "70 %", false },
	{ "{coverage: 80 %}", "coverage", "at least 80 %", "90 %", "70 %", false },
	{ "{coverage: {branches: 50}}", "coverage of branches", "at least 50 %", "80 %", "20 %", false },
	{ "{coverage: {changed: 80}}", "coverage of changed lines", "at least 80 %", "90 %", "20 %", true },
	{ "{coverage: {drop: 1}}", "drop of coverage", "at most 1 points", "0 points", "20 points", true },
	{ "{tests: {}}", "failed tests", "at most 0", "0", "3", false },
	{ "{tests: {failed: 2}}", "failed tests", "at most 2", "0", "3", false },
	{ "{tests: {failed: 9, new_failures: 0}}", "new failed tests", "at most 0", "0", "2", true },
	{ "{tests: {failed: 9, flaky: 2}}", "flaky tests", "at most 2", "0", "3", false },
	{ "{tests: {failed: 9, skipped: 3}}", "skipped tests", "at most 3", "0", "4", false },
	{ "{tests: {failed: 9, least: 60}}", "tests that ran", "at least 60", "100", "56", false },
	{ "{tests: {failed: 9, pass_rate: 99}}", "tests that passed", "at least 99 %", "100 %", "94.64 %", false },
	{ "{findings: 0}", "findings", "at most 0", "0", "5", false },
	{ "{findings: {severity: critical}}", "critical findings", "at most 0", "0", "5", false },
	{ "{findings: [{severity: high, most: 4}]}", "high+ findings", "at most 4", "0", "5", false },
	{ "{findings: {new: true}}", "new findings", "at most 0", "0", "5", true },
	{ "{findings: {kind: issue, touched: lines}}", "issues in touched lines", "at most 0", "0", "5", true },
	{ "{findings: {rule: R, tool: t}}", "findings of R by t", "at most 0", "0", "5", false },
	{ "{vulnerabilities: {fixable: true, severity: high}}", "high+ vulnerabilities with a fix", "at most 0", "0", "5",
	  false },
	{ "{secrets: 0}", "secrets", "at most 0", "0", "5", false },
	{ "{misconfigurations: 2}", "misconfigurations", "at most 2", "0", "5", false },
	{ "{licenses: 0}", "licenses", "at most 0", "0", "5", false },
	{ "{warnings: 0}", "warnings", "at most 0", "0", "5", false },
	{ "{image_size: 200 MB}", "image size", "at most 200 MB", "100 MB", "300 MB", false },
	{ "{image_size: {growth: 10}}", "growth of the image", "at most 10 %", "0 %", "200 %", true },
	{ "{duration: 5 minutes}", "duration", "at most 5m 00s", "1m 00s", "10m 00s", false },
	{ "{duration: {growth: 50}}", "growth of the duration", "at most 50 %", "0 %", "900 %", true },
	{ "{metrics: [{name: startup, most: 2}]}", "startup", "at most 2", "1", "3", false },
	{ "{metrics: [{name: startup, growth: 50}]}", "growth of startup", "at most 50 %", "0 %", "200 %", true },
};
enum { CONDITIONS = sizeof(conditions) / sizeof(*conditions) };

/* The row of that subject. */
static const struct stage_condition *row_of(const struct gating *g, const char *subject)
{
	for (uint32_t i = 0; i < g->job.conditions.count; i++)
		if (!strcmp(g->job.conditions.items[i].subject, subject))
			return &g->job.conditions.items[i];
	ck_abort_msg("there is no condition \"%s\"", subject);
	return NULL;
}

START_TEST(a_condition_that_holds)
{
	const struct condition *c = &conditions[_i];
	struct facts f = good_facts();
	struct gating g;

	judge(&g, &f, c->with);
	ck_assert_int_eq(g.rc, PIPE_OK);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, "pass");
	ck_assert_str_eq(row_of(&g, c->subject)->bound, c->bound);
	ck_assert_str_eq(row_of(&g, c->subject)->value, c->good);
	ck_assert_int_eq(g.job.verdict, VERDICT_PASS);
	ck_assert_ptr_null(g.job.reason);
	end(&g);
}
END_TEST

START_TEST(a_condition_that_does_not_hold)
{
	const struct condition *c = &conditions[_i];
	struct facts f = bad_facts();
	struct gating g;

	judge(&g, &f, c->with);
	ck_assert_int_eq(g.rc, PIPE_OK);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, "fail");
	ck_assert_str_eq(row_of(&g, c->subject)->value, c->bad);
	ck_assert_int_eq(g.job.verdict, VERDICT_FAIL);
	ck_assert_ptr_nonnull(strstr(g.job.reason, c->subject));
	ck_assert_ptr_nonnull(strstr(g.job.reason, c->bad));
	end(&g);
}
END_TEST

START_TEST(a_condition_without_data)
{
	const struct condition *c = &conditions[_i];
	struct facts f = no_facts();
	struct gating g;
	char with[128];

	judge(&g, &f, c->with);
	ck_assert_int_eq(g.rc, PIPE_OK);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, "no data");
	ck_assert_str_eq(row_of(&g, c->subject)->value, "-");
	ck_assert_ptr_nonnull(strstr(g.job.reason, ": no data, wanted"));
	ck_assert_str_ne(row_of(&g, c->subject)->detail, "");
	ck_assert_int_eq(g.job.verdict, VERDICT_FAIL);
	end(&g);

	snprintf(with, sizeof(with), "{missing: ok, %s", c->with + 1);
	judge(&g, &f, with);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, "no data: ok");
	ck_assert_int_eq(g.job.verdict, VERDICT_PASS);
	end(&g);
}
END_TEST

START_TEST(a_condition_without_a_baseline)
{
	const struct condition *c = &conditions[_i];
	struct facts f = without_baseline();
	struct gating g;
	char with[128];

	judge(&g, &f, c->with);
	ck_assert_int_eq(g.rc, PIPE_OK);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, c->compares ? "no baseline" : "pass");
	ck_assert_int_eq(g.job.verdict, VERDICT_PASS);
	ck_assert_ptr_nonnull(strstr(g.said.data, "no successful run of main"));
	end(&g);

	snprintf(with, sizeof(with), "{no_baseline: fail, %s", c->with + 1);
	judge(&g, &f, with);
	ck_assert_int_eq(g.job.verdict, c->compares ? VERDICT_FAIL : VERDICT_PASS);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, c->compares ? "no baseline: fail" : "pass");
	end(&g);

	snprintf(with, sizeof(with), "{no_baseline: fail, mode: warn, %s", c->with + 1);
	judge(&g, &f, with);
	ck_assert_int_eq(g.job.verdict, c->compares ? VERDICT_WARN : VERDICT_PASS);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, c->compares ? "no baseline: warn" : "pass");
	end(&g);
}
END_TEST

/* A run that is there, in which nobody has looked. */
START_TEST(a_baseline_that_says_nothing)
{
	static const struct {
		const char *with, *subject, *lacks;
	} rows[] = {
		{ "{tests: {failed: 9, new_failures: 0}}", "new failed tests", "run 41 of main has no report with tests" },
		{ "{coverage: {drop: 1}}", "drop of coverage", "run 41 of main has no coverage" },
		{ "{findings: {new: true}}", "new findings", "run 41 of main has no report that looks for findings of any kind" },
		{ "{vulnerabilities: {new: true}}", "new vulnerabilities",
		  "run 41 of main has no report that looks for vulnerabilities" },
	};
	struct facts f = bad_facts();
	struct gating g;

	memset(&f.baseline, 0, sizeof(f.baseline));
	judge(&g, &f, rows[_i].with);
	ck_assert_int_eq(g.rc, PIPE_OK);
	ck_assert_str_eq(row_of(&g, rows[_i].subject)->verdict, "no baseline");
	ck_assert_str_eq(row_of(&g, rows[_i].subject)->detail, rows[_i].lacks);
	end(&g);
}
END_TEST

START_TEST(a_gate_that_only_warns)
{
	const struct condition *c = &conditions[_i];
	struct facts f = bad_facts();
	struct gating g;
	char with[128];

	snprintf(with, sizeof(with), "{mode: warn, %s", c->with + 1);
	judge(&g, &f, with);
	ck_assert_str_eq(row_of(&g, c->subject)->verdict, "warn");
	ck_assert_int_eq(g.job.verdict, VERDICT_WARN);
	ck_assert_ptr_nonnull(g.job.reason);
	end(&g);
}
END_TEST

START_TEST(one_condition_may_only_warn)
{
	struct facts f = bad_facts();
	struct gating g;

	judge(&g, &f, "{coverage: {least: 80, mode: warn}, secrets: 9}");
	ck_assert_int_eq(g.job.verdict, VERDICT_WARN);
	end(&g);
	judge(&g, &f, "{coverage: {least: 80, mode: warn}, secrets: 0}");
	ck_assert_int_eq(g.job.verdict, VERDICT_FAIL);
	end(&g);
}
END_TEST

START_TEST(a_report_that_could_not_be_read_fails_the_gate)
{
	struct facts f = good_facts();
	struct gating g;

	f.run.broken = 1;
	judge(&g, &f, "{coverage: 80}");
	ck_assert_int_eq(g.job.verdict, VERDICT_FAIL);
	ck_assert_str_eq(row_of(&g, "reports that could not be read")->verdict, "fail");
	end(&g);
}
END_TEST

START_TEST(the_bound_itself_holds)
{
	struct facts f = good_facts();
	struct gating g;

	f.run.lines = 3;
	f.run.lines_hit = 1;
	judge(&g, &f, "{coverage: 33.333333333333336}");
	ck_assert_int_eq(g.job.verdict, VERDICT_PASS);
	end(&g);
}
END_TEST

START_TEST(what_a_filter_asks_for)
{
	struct facts f = good_facts();
	struct gating g;

	judge(&g, &f,
	      "{findings: {kind: [issue, secret], severity: medium, fixable: false, touched: files, rule: R1, tool: tt}}");
	ck_assert_uint_eq(f.asked.kinds, 1u << FINDING_ISSUE | 1u << FINDING_SECRET);
	ck_assert_uint_eq(f.asked.severity, SEVERITY_MEDIUM);
	ck_assert_int_eq(f.asked.fixable, -1);
	ck_assert(f.asked.touched_files && !f.asked.touched_lines && !f.asked.only_new);
	ck_assert_str_eq(f.asked.rule, "R1");
	ck_assert_str_eq(f.asked.tool, "tt");
	end(&g);
}
END_TEST

START_TEST(a_value_that_is_none)
{
	static const struct {
		const char *with, *says;
	} wrong[] = {
		{ "{coverage: much}", "is no number" },	      { "{coverage: 80 % or so}", "is no number" },
		{ "{image_size: 5 parsecs}", "is no size" },  { "{image_size: -5 MB}", "is no size" },
		{ "{duration: later}", "is no duration" },    { "{metrics: [{name: startup}]}", "no bound" },
		{ "{tests: {failed: nan}}", "is no number" },
	};
	struct facts f = good_facts();
	struct gating g;

	judge(&g, &f, wrong[_i].with);
	ck_assert_int_eq(g.rc, PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(g.err.text, wrong[_i].says));
	ck_assert_uint_eq(g.err.line, 1);
	ck_assert_uint_gt(g.err.column, 1);
	end(&g);
}
END_TEST

START_TEST(a_gate_without_conditions_is_an_error_of_the_file)
{
	static const char *const empty[] = { "{}", "{mode: warn}", "{coverage: null, missing: ok}" };
	struct decoded_text text;

	decoded_init(&text);
	ck_assert_int_ge(sources_add(&text.sources, &text.arena,
				     (struct source){ .name = "f", .text = empty[_i], .length = strlen(empty[_i]) }),
			 0);
	ck_assert_int_eq(document_parse(&text.root, 1, &text.arena, 0, &text.limits, &text.d), 1);
	stage_gate.uses.check(text.root, (struct mark){ 1, 1, 0 }, &text.d);
	ck_assert_uint_eq(text.d.errors, 1);
	decoded_clear(&text);
}
END_TEST

Suite *gate_suite(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("conditions");

	tcase_add_loop_test(t, a_condition_that_holds, 0, CONDITIONS);
	tcase_add_loop_test(t, a_condition_that_does_not_hold, 0, CONDITIONS);
	tcase_add_loop_test(t, a_condition_without_data, 0, CONDITIONS);
	tcase_add_loop_test(t, a_condition_without_a_baseline, 0, CONDITIONS);
	tcase_add_loop_test(t, a_baseline_that_says_nothing, 0, 4);
	tcase_add_loop_test(t, a_gate_that_only_warns, 0, CONDITIONS);
	tcase_add_test(t, one_condition_may_only_warn);
	tcase_add_test(t, a_report_that_could_not_be_read_fails_the_gate);
	tcase_add_test(t, the_bound_itself_holds);
	tcase_add_test(t, what_a_filter_asks_for);
	tcase_add_loop_test(t, a_value_that_is_none, 0, 7);
	tcase_add_loop_test(t, a_gate_without_conditions_is_an_error_of_the_file, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
