/* The evidence as a stage sees it: the job, its run, and the baseline beside them. */
#include "tests/unit/evidence_fixture.h"

Suite *evidence_view_suite(void);

/* What a change touched, for tests: lines 10 to 19 of a.c. */
static bool touched(void *payload, const char *path, uint32_t line)
{
	(void)payload;
	return !strcmp(path, "a.c") && (!line || (line >= 10 && line < 20));
}

static struct changed_lines changed = { .touched = touched };
static struct evidence_baseline baseline;
static struct evidence_view_source source;
static struct evidence_view view;

/* A view for job `job` of `run`, compared with `before` (0: nothing). */
static void look(int64_t run, uint32_t job, int64_t before)
{
	baseline = (struct evidence_baseline){ .run = before, .branch = "main", .why = "none here" };
	source = (struct evidence_view_source){
		.db = db, .store = store, .run = run, .job = job, .base = "unit", .baseline = &baseline, .changed = &changed
	};
	evidence_view_init(&view, &source);
}

static uint64_t findings(enum evidence_side side, struct finding_filter filter)
{
	uint64_t count = 99;

	ok(view.findings(view.payload, side, &filter, NULL, NULL, &count, &err));
	return count;
}

static uint64_t tests(enum evidence_side side, struct test_filter filter)
{
	uint64_t count = 99;

	ok(view.tests(view.payload, side, &filter, NULL, NULL, &count, &err));
	return count;
}

/* ---- baseline ---- */

START_TEST(the_baseline_is_the_last_good_run_of_the_branch)
{
	struct evidence_baseline b;
	int64_t good;

	a_run("f.yml", "main", PIPE_STATUS_SUCCESS);
	good = a_run("f.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("f.yml", "main", PIPE_STATUS_FAILED);
	a_run("f.yml", "topic", PIPE_STATUS_SUCCESS);
	a_run("other.yml", "main", PIPE_STATUS_SUCCESS);
	ok(evidence_baseline_find(store, "f.yml", "main", 100, &b, &err));
	ck_assert_int_eq(b.run, good);
	ck_assert_str_eq(b.branch, "main");
	ck_assert_str_eq(b.commit, "c0ffee");
	ok(evidence_baseline_find(store, "f.yml", "main", good, &b, &err));
	ck_assert_int_eq(b.run, good - 1);
	ok(evidence_baseline_find(store, "f.yml", "main", 1, &b, &err));
	ck_assert_int_eq(b.run, 0);
	ck_assert_ptr_nonnull(strstr(b.why, "no successful run of f.yml on the branch main"));
	ok(evidence_baseline_find(store, "f.yml", "", 100, &b, &err));
	ck_assert_str_eq(b.why, "no successful run of f.yml is in the history");
}
END_TEST

START_TEST(a_run_knows_its_target_branch)
{
	struct evidence_baseline b;
	int64_t good = a_run("f.yml", "main", PIPE_STATUS_SUCCESS), topic = a_run("f.yml", "topic", PIPE_STATUS_SUCCESS);

	ok(evidence_baseline_of(store, topic, &b, &err));
	ck_assert_int_eq(b.run, good);
	ok(evidence_baseline_of(store, good, &b, &err));
	ck_assert_int_eq(b.run, 0);
	fails(evidence_baseline_of(store, 77, &b, &err), PIPE_ENOTFOUND, "no run 77");
}
END_TEST

START_TEST(without_a_baseline_the_view_says_why)
{
	uint64_t count;

	begin(2, 0, "unit", 0);
	failure("a", "x", "boom");
	finding("r", "a.c", 1, "m");
	commit();
	look(2, 0, 0);
	ck_assert_int_eq(view.baseline_run, 0);
	ck_assert_str_eq(view.baseline_branch, "");
	ck_assert_str_eq(view.no_baseline, "none here");
	/* then everything is new */
	ck_assert_uint_eq(findings(SIDE_RUN, (struct finding_filter){ .only_new = true }), 1);
	ck_assert_uint_eq(tests(SIDE_RUN, (struct test_filter){ .only_new = true }), 1);
	ck_assert_uint_eq(findings(SIDE_BASELINE, (struct finding_filter){ 0 }), 0);
	ok(view.tests(view.payload, SIDE_BASELINE, NULL, NULL, NULL, &count, &err));
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* ---- totals ---- */

START_TEST(what_several_jobs_say_counts_once)
{
	struct evidence_finding f = a_finding("r", "a.c", 1, "m");
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	test_is("a", "x", TEST_PASSED);
	put_finding(f);
	finding("r", "b.c", 1, "m");
	covered("a.c", 1, 1);
	covered("a.c", 2, 0);
	commit();
	begin(1, 1, "lint", 0);
	test_is("a", "x", TEST_FAILED);
	f.suppressed = true;
	put_finding(f);
	f.rule = "other";
	put_finding(f);
	covered("a.c", 2, 7);
	covered("a.c", 3, 0);
	covered("b.c", 1, 0);
	commit();
	look(1, 1, 0);
	ok(view.totals(view.payload, SIDE_RUN, &t, &err));
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
	ck_assert_uint_eq(evidence_findings(&t), 2);
	ck_assert_uint_eq(t.suppressed, 1);
	ck_assert_uint_eq(t.files, 2);
	ck_assert_uint_eq(t.lines, 4);
	ck_assert_uint_eq(t.lines_hit, 2);
	ok(view.totals(view.payload, SIDE_JOB, &t, &err));
	ck_assert_uint_eq(t.tests[TEST_PASSED], 0);
	ck_assert_uint_eq(t.lines, 3);
	ok(view.totals(view.payload, SIDE_BASELINE, &t, &err));
	ck_assert(!t.has_tests && !t.has_coverage);
	ck_assert_uint_eq(findings(SIDE_RUN, (struct finding_filter){ 0 }), 2);
	ck_assert_uint_eq(findings(SIDE_RUN, (struct finding_filter){ .suppressed = true }), 3);
	ck_assert_uint_eq(findings(SIDE_JOB, (struct finding_filter){ .suppressed = true }), 2);
}
END_TEST

/* ---- findings ---- */

static void some_findings(void)
{
	struct evidence_finding f = a_finding("CVE-1", "", 0, "m");

	begin(1, 1, "lint", 0);
	finding("old", "a.c", 1, "m");
	commit();
	begin(2, 1, "lint", 0);
	finding("old", "a.c", 5, "m"); /* it moved */
	finding("in", "a.c", 12, "m");
	finding("file", "a.c", 0, "m");
	finding("out", "b.c", 12, "m");
	f.kind = FINDING_VULNERABILITY;
	f.severity = SEVERITY_CRITICAL;
	f.tool = "trivy";
	f.package = "zlib";
	f.installed = "1";
	f.fixed = "2";
	put_finding(f);
	f.rule = "CVE-2";
	f.fixed = "";
	put_finding(f);
	commit();
	look(2, 1, 1);
}

static const struct {
	struct finding_filter filter;
	uint64_t count;
} filters[] = {
	{ { 0 }, 6 },
	{ { .kinds = 1 << FINDING_VULNERABILITY }, 2 },
	{ { .kinds = 1 << FINDING_SECRET }, 0 },
	{ { .severity = SEVERITY_HIGH }, 2 },
	{ { .severity = SEVERITY_MEDIUM }, 6 },
	{ { .fixable = 1 }, 1 },
	{ { .fixable = -1 }, 5 },
	{ { .fixable = -1, .kinds = 1 << FINDING_VULNERABILITY }, 1 },
	{ { .only_new = true }, 5 },
	{ { .only_new = true, .severity = SEVERITY_CRITICAL }, 2 },
	{ { .touched_files = true }, 3 },
	{ { .touched_lines = true }, 2 },
	{ { .touched_files = true, .only_new = true }, 2 },
	{ { .rule = "in" }, 1 },
	{ { .tool = "trivy" }, 2 },
	{ { .rule = "in", .tool = "trivy" }, 0 },
};

START_TEST(findings_are_filtered)
{
	some_findings();
	ck_assert_uint_eq(findings(SIDE_RUN, filters[_i].filter), filters[_i].count);
}
END_TEST

static int first_rule(void *payload, const struct evidence_finding *f)
{
	snprintf(payload, 32, "%s %s:%u %s", f->rule, f->path, f->line, f->message);
	return 1;
}

START_TEST(a_callback_may_stop)
{
	struct finding_filter filter = { .rule = "in" };
	char text[32] = "";

	some_findings();
	ok(view.findings(view.payload, SIDE_RUN, &filter, first_rule, text, NULL, &err));
	ck_assert_str_eq(text, "in a.c:12 m");
}
END_TEST

START_TEST(what_is_not_known_to_be_touched_is_an_error)
{
	struct finding_filter filter = { .touched_files = true };
	const char *why = NULL;
	uint64_t lines, hit;
	bool known = true;

	some_findings();
	changed.why_unknown = "no common commit";
	fails(view.findings(view.payload, SIDE_RUN, &filter, NULL, NULL, NULL, &err), PIPE_ENOTFOUND, "no common commit");
	ok(view.changed_coverage(view.payload, &lines, &hit, &known, &why, &err));
	ck_assert(!known);
	ck_assert_str_eq(why, "no common commit");
	changed.why_unknown = NULL;
}
END_TEST

/* ---- tests ---- */

START_TEST(tests_are_filtered)
{
	struct evidence_test q = a_test("a", "quarantined", TEST_FAILED);

	begin(1, 0, "unit 1/2", 0);
	failure("a", "was red", "");
	test_is("a", "was green", TEST_PASSED);
	failure("a", "was broken", "");
	commit();
	begin(2, 0, "unit 1/2", 0);
	test_is("a", "was green", TEST_FAILED);
	test_is("a", "is new", TEST_ERROR);
	test_is("a", "fine", TEST_PASSED);
	q.quarantined = true;
	put_test(q);
	commit();
	begin(2, 1, "unit 2/2", 0); /* it moved to another part */
	failure("a", "was red", "");
	test_is("a", "was broken", TEST_ERROR);
	test_is("a", "shaky", TEST_FLAKY);
	commit();
	look(2, 0, 1);
	ck_assert_uint_eq(tests(SIDE_RUN, (struct test_filter){ 0 }), 6);
	ck_assert_uint_eq(tests(SIDE_RUN, (struct test_filter){ .quarantined = true }), 7);
	ck_assert_uint_eq(tests(SIDE_JOB, (struct test_filter){ 0 }), 3);
	ck_assert_uint_eq(tests(SIDE_BASELINE, (struct test_filter){ .statuses = 1 << TEST_FAILED }), 2);
	ck_assert_uint_eq(tests(SIDE_RUN, (struct test_filter){ .statuses = 1 << TEST_FAILED | 1 << TEST_ERROR }), 4);
	ck_assert_uint_eq(
		tests(SIDE_RUN, (struct test_filter){ .statuses = 1 << TEST_FAILED | 1 << TEST_ERROR, .only_new = true }), 2);
	ck_assert_uint_eq(tests(SIDE_JOB, (struct test_filter){ .statuses = 1 << TEST_FAILED, .only_new = true }), 1);
	ck_assert_uint_eq(tests(SIDE_RUN, (struct test_filter){ .statuses = 1 << TEST_FLAKY, .only_new = true }), 1);
	ck_assert_uint_eq(
		tests(SIDE_RUN, (struct test_filter){ .statuses = 1 << TEST_FAILED, .only_new = true, .quarantined = true }), 2);
}
END_TEST

/* ---- numbers ---- */

START_TEST(coverage_of_changed_lines)
{
	const char *why;
	uint64_t lines, hit;
	bool known;

	begin(1, 0, "unit", 0);
	for (uint32_t line = 5; line <= 25; line += 2) /* touched: 11 13 15 17 19 */
		covered("a.c", line, line == 13);
	covered("b.c", 12, 1);
	commit();
	begin(1, 1, "lint", 0);
	covered("a.c", 15, 1);
	commit();
	look(1, 0, 0);
	ok(view.changed_coverage(view.payload, &lines, &hit, &known, &why, &err));
	ck_assert(known);
	ck_assert_uint_eq(lines, 5);
	ck_assert_uint_eq(hit, 2);
}
END_TEST

START_TEST(metrics_add_up)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_metric m = { "requests", "code=\"200\"", 2, "", "" };
	double value;
	bool found;

	begin(1, 0, "unit", 0);
	ok(sink->metric(sink->payload, &m, &err));
	m.labels = "code=\"500\"";
	m.value = 0.5;
	ok(sink->metric(sink->payload, &m, &err));
	m.name = "strange";
	m.value = NAN;
	ok(sink->metric(sink->payload, &m, &err));
	commit();
	look(2, 0, 1);
	ok(view.metric(view.payload, SIDE_BASELINE, "requests", &value, &found, &err));
	ck_assert(found);
	ck_assert_double_eq(value, 2.5);
	ok(view.metric(view.payload, SIDE_BASELINE, "strange", &value, &found, &err));
	ck_assert(found && isnan(value));
	ok(view.metric(view.payload, SIDE_RUN, "requests", &value, &found, &err));
	ck_assert(!found);
	ok(view.metric(view.payload, SIDE_BASELINE, "none", &value, &found, &err));
	ck_assert(!found);
}
END_TEST

START_TEST(the_largest_image)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_image i = { "a:1", "sha256:0", 10 }, j = { "b:1", "sha256:1", 30 }, unknown = { "c", "sha256:2", 0 };
	uint64_t bytes;
	bool found;

	begin(1, 0, "unit", 0);
	ok(sink->image(sink->payload, &i, &err));
	ok(sink->image(sink->payload, &j, &err));
	commit();
	begin(2, 0, "unit", 0);
	ok(sink->image(sink->payload, &unknown, &err));
	commit();
	look(2, 0, 1);
	ok(view.image_bytes(view.payload, SIDE_BASELINE, &bytes, &found, &err));
	ck_assert(found);
	ck_assert_uint_eq(bytes, 30);
	ok(view.image_bytes(view.payload, SIDE_RUN, &bytes, &found, &err));
	ck_assert(!found);
}
END_TEST

START_TEST(durations_come_from_the_history)
{
	int64_t before = a_run("f.yml", "main", PIPE_STATUS_SUCCESS), run = a_run("f.yml", "main", PIPE_STATUS_RUNNING), ms;
	bool found;

	look(run, 0, before);
	ok(view.duration_ms(view.payload, SIDE_BASELINE, &ms, &found, &err));
	ck_assert(found);
	ck_assert_int_eq(ms, 5000);
	ok(view.duration_ms(view.payload, SIDE_RUN, &ms, &found, &err));
	ck_assert(found);
	ck_assert_int_gt(ms, 5000); /* it goes on since 2023 */
	look(run, 0, 0);
	ok(view.duration_ms(view.payload, SIDE_BASELINE, &ms, &found, &err));
	ck_assert(!found);
	ok(view.duration_ms(view.payload, SIDE_JOB, &ms, &found, &err));
	ck_assert(!found); /* it has not started */
}
END_TEST

/* ---- history ---- */

struct past {
	char text[512];
	size_t length;
};

static int add_past(void *payload, const struct test_history *h)
{
	struct past *p = payload;

	p->length += (size_t)snprintf(p->text + p->length, sizeof(p->text) - p->length, "%s.%s@%s %lld %u/%u; ", h->suite,
				      h->name, h->file, (long long)h->duration_us, h->failures, h->runs);
	return 0;
}

START_TEST(history_counts_the_last_twenty_runs)
{
	struct past p = { .length = 0 };
	struct evidence_test t = a_test("s", "shaky", TEST_PASSED);
	int64_t run = 0;

	for (int i = 0; i < 25; i++) {
		run = a_run("f.yml", "main", i % 2 ? PIPE_STATUS_SUCCESS : PIPE_STATUS_FAILED);
		begin(run, 0, i % 2 ? "unit 1/2" : "unit: [x]", 0);
		t.status = i % 3 ? TEST_PASSED : TEST_FAILED;
		t.duration_us = i < 5 ? 1000000 : 100;
		t.file = "s.c";
		put_test(t);
		commit();
	}
	/* another file's, another job's, and later ones do not count */
	begin(a_run("g.yml", "main", PIPE_STATUS_SUCCESS), 0, "unit", 0);
	test_is("s", "shaky", TEST_FAILED);
	commit();
	run = a_run("f.yml", "main", PIPE_STATUS_RUNNING);
	begin(run, 1, "lint", 0);
	test_is("s", "other", TEST_FAILED);
	commit();
	look(run, 0, 0);
	ok(view.history(view.payload, add_past, &p, &err));
	/* of runs 5 to 24, counted from 0: 6 9 12 15 18 21 24 failed */
	ck_assert_str_eq(p.text, "s.shaky@s.c 100 7/20; ");
}
END_TEST

/* Jobs of one run ask at different times, and must be told the same. */
START_TEST(history_is_what_had_ended_when_the_run_began)
{
	struct past p = { .length = 0 };
	int64_t before = a_run("f.yml", "main", PIPE_STATUS_SUCCESS), beside = a_run("f.yml", "main", PIPE_STATUS_RUNNING), run;

	begin(before, 0, "unit", 0);
	test_is("s", "a", TEST_PASSED);
	commit();
	run = a_run("f.yml", "main", PIPE_STATUS_RUNNING);
	begin(beside, 0, "unit", 0);
	test_is("s", "late", TEST_PASSED);
	commit();
	ok(store_run_finish(store, beside, PIPE_STATUS_SUCCESS, T + 1000000, &err));
	ok(store_commit(store, &err));
	look(run, 0, 0);
	ok(view.history(view.payload, add_past, &p, &err));
	ck_assert_str_eq(p.text, "s.a@ -1 0/1; ");
}
END_TEST

START_TEST(history_of_a_test_that_is_sometimes_skipped)
{
	struct past p = { .length = 0 };

	begin(a_run("f.yml", "main", PIPE_STATUS_SUCCESS), 0, "unit", 0);
	test_is("s", "a", TEST_SKIPPED);
	test_is("s", "b", TEST_FLAKY);
	test_is("s", "b", TEST_PASSED);
	commit();
	look(a_run("f.yml", "main", PIPE_STATUS_RUNNING), 0, 0);
	ok(view.history(view.payload, add_past, &p, &err));
	ck_assert_str_eq(p.text, "s.b@ -1 1/1; ");
}
END_TEST

Suite *evidence_view_suite(void)
{
	Suite *suite = suite_create("evidence_view");
	TCase *t = tcase_create("evidence_view");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_baseline_is_the_last_good_run_of_the_branch);
	tcase_add_test(t, a_run_knows_its_target_branch);
	tcase_add_test(t, without_a_baseline_the_view_says_why);
	tcase_add_test(t, what_several_jobs_say_counts_once);
	tcase_add_loop_test(t, findings_are_filtered, 0, sizeof(filters) / sizeof(*filters));
	tcase_add_test(t, a_callback_may_stop);
	tcase_add_test(t, what_is_not_known_to_be_touched_is_an_error);
	tcase_add_test(t, tests_are_filtered);
	tcase_add_test(t, coverage_of_changed_lines);
	tcase_add_test(t, metrics_add_up);
	tcase_add_test(t, the_largest_image);
	tcase_add_test(t, durations_come_from_the_history);
	tcase_add_test(t, history_counts_the_last_twenty_runs);
	tcase_add_test(t, history_of_a_test_that_is_sometimes_skipped);
	tcase_add_test(t, history_is_what_had_ended_when_the_run_began);
	suite_add_tcase(suite, t);
	return suite;
}
