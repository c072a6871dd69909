/* Two runs side by side, and the rest of the evidence, through pipe.h. */
#include "runner/evidence/database.h"
#include "tests/unit/evidence_fixture.h"

Suite *evidence_compare_suite(void);

static pipe_project *project;

static void open_all(void)
{
	pipe_project_options options = PIPE_PROJECT_OPTIONS_INIT;

	setup();
	options.directory = options.state_directory = s.root;
	ok(pipe_project_open(&project, &options, &err));
	for (int i = 0; i < 3; i++)
		a_run("f.yml", "main", PIPE_STATUS_SUCCESS);
}

static void close_all(void)
{
	pipe_project_free(project);
	teardown();
}

/* ---- changes as lines of text ---- */

static struct str told;
static pipe_comparison result;

static int add_change(void *payload, const pipe_change_record *c)
{
	struct str *out = payload;

	str_printf(out, "%s", pipe_change_name(c->kind));
	if (c->test)
		str_printf(out, " %s/%s%s%s %s", c->test->job, c->test->name, *c->test->file ? "@" : "", c->test->file,
			   c->test->status);
	if (c->finding)
		str_printf(out, " %s %s", c->finding->rule, c->finding->path);
	if (c->was)
		str_printf(out, " was %s %llu/%llu", c->was->path, (unsigned long long)c->was->lines_hit,
			   (unsigned long long)c->was->lines);
	if (c->now)
		str_printf(out, " now %s %llu/%llu", c->now->path, (unsigned long long)c->now->lines_hit,
			   (unsigned long long)c->now->lines);
	str_addc(out, '\n');
	return 0;
}

static const char *compare(int64_t before, int64_t after)
{
	str_clear(&told);
	str_init(&told);
	ok(pipe_history_compare(project, before, after, NULL, add_change, &told, &result, &err));
	return told.data;
}

static void timed(const char *name, int64_t us)
{
	struct evidence_test t = a_test("s", name, TEST_PASSED);

	t.duration_us = us;
	put_test(t);
}

START_TEST(nothing_and_nothing_are_the_same)
{
	ck_assert_str_eq(compare(1, 2), "");
	ck_assert(!result.worse && !result.now.has_tests);
	ck_assert_int_eq(result.before, 1);
	ck_assert_int_eq(result.after, 2);
	ck_assert_str_eq(compare(1, 0), ""); /* 0: the last one */
	ck_assert_int_eq(result.after, 3);
	fails(pipe_history_compare(project, 1, 9, NULL, NULL, NULL, NULL, &err), PIPE_ENOTFOUND, "no run 9");
}
END_TEST

START_TEST(a_run_is_the_same_as_itself)
{
	begin(1, 0, "unit", 0);
	failure("s", "red", "boom");
	test_is("s", "twice", TEST_PASSED);
	test_is("s", "twice", TEST_FAILED);
	finding("r", "a.c", 1, "m");
	covered("a.c", 1, 1);
	commit();
	begin(1, 1, "lint", 0);
	finding("r", "a.c", 1, "m");
	test_is("s", "red", TEST_PASSED);
	commit();
	ck_assert_str_eq(compare(1, 1), "");
	ck_assert(!result.worse);
}
END_TEST

static const struct {
	enum test_status before, after;
	const char *change;
	int worse;
} changes[] = {
	{ TEST_PASSED, TEST_FAILED, "new_failure unit/x failed\n", 1 },
	{ TEST_PASSED, TEST_ERROR, "new_failure unit/x error\n", 1 },
	{ TEST_FLAKY, TEST_FAILED, "new_failure unit/x failed\n", 1 },
	{ TEST_SKIPPED, TEST_FAILED, "new_failure unit/x failed\n", 1 },
	{ TEST_FAILED, TEST_ERROR, "", 0 },
	{ TEST_FAILED, TEST_PASSED, "fixed unit/x passed\n", 0 },
	{ TEST_ERROR, TEST_PASSED, "fixed unit/x passed\n", 0 },
	{ TEST_FAILED, TEST_FLAKY, "flaky unit/x flaky\n", 0 },
	{ TEST_PASSED, TEST_FLAKY, "flaky unit/x flaky\n", 0 },
	{ TEST_FLAKY, TEST_PASSED, "", 0 },
	{ TEST_PASSED, TEST_SKIPPED, "skipped unit/x skipped\n", 0 },
	{ TEST_FAILED, TEST_SKIPPED, "skipped unit/x skipped\n", 0 },
	{ TEST_SKIPPED, TEST_PASSED, "", 0 },
	{ TEST_SKIPPED, TEST_SKIPPED, "", 0 },
};

START_TEST(what_becomes_of_a_test)
{
	begin(1, 0, "unit", 0);
	test_is("s", "x", changes[_i].before);
	commit();
	begin(2, 0, "unit", 0);
	test_is("s", "x", changes[_i].after);
	commit();
	ck_assert_str_eq(compare(1, 2), changes[_i].change);
	ck_assert_int_eq(result.worse, changes[_i].worse);
}
END_TEST

START_TEST(new_and_removed_tests)
{
	begin(1, 0, "unit", 0);
	test_is("s", "a", TEST_PASSED);
	failure("s", "gone", "a removed test is not fixed");
	commit();
	begin(2, 0, "unit", 0);
	test_is("s", "a", TEST_PASSED);
	test_is("s", "b", TEST_PASSED);
	failure("s", "c", "boom");
	commit();
	ck_assert_str_eq(compare(1, 2), "removed_test unit/gone failed\n"
					"new_test unit/b passed\n"
					"new_failure unit/c failed\n"
					"new_test unit/c failed\n");
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_NEW_TEST], 2);
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_FIXED], 0);
}
END_TEST

START_TEST(slower_means_twice_and_a_tenth_of_a_second)
{
	static const int64_t before[] = { 100000, 100000, 10000, 1000000, 100000, -1, 0 };
	static const int64_t after[] = { 200000, 199999, 109999, 1999999, 50000, 900000, 100000 };
	char name[] = "a";

	begin(1, 0, "unit", 0);
	for (int i = 0; i < 7; i++, name[0]++)
		timed(name, before[i]);
	commit();
	begin(2, 0, "unit", 0);
	name[0] = 'a';
	for (int i = 0; i < 7; i++, name[0]++)
		timed(name, after[i]);
	commit();
	ck_assert_str_eq(compare(1, 2), "slower unit/a passed\nslower unit/g passed\n");
	ck_assert(!result.worse);
}
END_TEST

START_TEST(parts_of_a_job_are_one_and_those_of_a_matrix_are_not)
{
	begin(1, 0, "unit 1/2", 0);
	test_is("s", "a", TEST_PASSED);
	commit();
	begin(1, 1, "unit 2/2", 0);
	failure("s", "b", "");
	commit();
	begin(1, 2, "py: [3.9]", 0);
	failure("s", "c", "");
	commit();
	begin(2, 0, "unit 1/3", 0);
	failure("s", "b", "");
	commit();
	begin(2, 1, "unit 3/3", 0);
	failure("s", "a", "");
	commit();
	begin(2, 2, "py: [3.10]", 0);
	failure("s", "c", "");
	commit();
	ck_assert_str_eq(compare(1, 2), "new_failure unit 3/3/a failed\n"
					"removed_test py: [3.9]/c failed\n"
					"new_failure py: [3.10]/c failed\n"
					"new_test py: [3.10]/c failed\n");
}
END_TEST

START_TEST(tests_of_one_name_may_change_places)
{
	begin(1, 0, "unit", 0);
	test_is("s", "x", TEST_PASSED);
	failure("s", "x", "");
	test_is("s", "x", TEST_PASSED);
	commit();
	begin(2, 0, "unit", 0);
	failure("s", "x", "");
	test_is("s", "x", TEST_PASSED);
	test_is("s", "x", TEST_PASSED);
	commit();
	ck_assert_str_eq(compare(1, 2), "");
	begin(3, 0, "unit", 0);
	failure("s", "x", "");
	failure("s", "x", "");
	test_is("s", "x", TEST_PASSED);
	commit();
	ck_assert_str_eq(compare(1, 3), "new_failure unit/x failed\n");
}
END_TEST

static void in_file(const char *file, enum test_status status)
{
	struct evidence_test t = a_test("s", "x", status);

	t.file = file;
	put_test(t);
}

START_TEST(files_tell_tests_of_one_name_apart)
{
	begin(1, 0, "unit", 0);
	in_file("one.js", TEST_FAILED);
	in_file("two.js", TEST_PASSED);
	commit();
	begin(2, 0, "unit", 0);
	in_file("one.js", TEST_PASSED);
	in_file("two.js", TEST_FAILED);
	in_file("three.js", TEST_PASSED);
	commit();
	ck_assert_str_eq(compare(1, 2), "new_failure unit/x@two.js failed\n"
					"fixed unit/x@one.js passed\n"
					"new_test unit/x@three.js passed\n");
	/* a file that is only known of a failure */
	begin(3, 0, "unit", 0);
	in_file("", TEST_PASSED);
	in_file("", TEST_PASSED);
	commit();
	ck_assert_str_eq(compare(1, 3), "fixed unit/x passed\n");
}
END_TEST

START_TEST(many_of_one_name_are_compared_piece_by_piece)
{
	begin(1, 0, "unit", 0);
	for (int i = 0; i < 3000; i++)
		test_is("s", "x", i % 3 ? TEST_PASSED : TEST_FAILED);
	commit();
	begin(2, 0, "unit", 0);
	for (int i = 0; i < 3000; i++)
		test_is("s", "x", i % 3 ? TEST_PASSED : TEST_FAILED);
	failure("s", "x", "");
	commit();
	compare(1, 2);
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_NEW_FAILURE], 1);
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_NEW_TEST], 1);
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_FIXED], 0);
}
END_TEST

START_TEST(quarantined_tests_are_left_out)
{
	struct evidence_test q = a_test("s", "q", TEST_FAILED);

	begin(1, 0, "unit", 0);
	test_is("s", "q", TEST_PASSED);
	commit();
	begin(2, 0, "unit", 0);
	q.quarantined = true;
	put_test(q);
	commit();
	begin(3, 0, "unit", 0);
	test_is("s", "q", TEST_FAILED);
	commit();
	ck_assert_str_eq(compare(1, 2), "");
	ck_assert_str_eq(compare(2, 3), "new_failure unit/q failed\n");
}
END_TEST

/* ---- findings ---- */

static void lint(int64_t run, bool looked, int count, ...)
{
	va_list ap;

	begin(run, 1, "lint", 0);
	ok(evidence_report_begin(db, "r", &err));
	va_start(ap, count);
	for (int i = 0; i < count; i++)
		finding(va_arg(ap, const char *), "a.c", (uint32_t)(run * 10), "m");
	va_end(ap);
	ok(evidence_report_end(db, looked ? &everything : NULL, NULL, &err));
	commit();
}

START_TEST(new_and_fixed_findings)
{
	lint(1, true, 2, "stays", "goes");
	lint(2, true, 2, "stays", "comes");
	ck_assert_str_eq(compare(1, 2), "fixed_finding goes a.c\nnew_finding comes a.c\n");
	ck_assert(result.worse);
	ck_assert_str_eq(compare(2, 1), "new_finding goes a.c\nfixed_finding comes a.c\n");
}
END_TEST

START_TEST(fewer_findings_are_better)
{
	lint(1, true, 2, "stays", "goes");
	lint(2, true, 1, "stays");
	compare(1, 2);
	ck_assert(!result.worse);
	lint(3, true, 0);
	ck_assert_str_eq(compare(2, 3), "fixed_finding stays a.c\n");
	ck_assert(!result.worse);
}
END_TEST

START_TEST(what_nobody_looked_for_is_not_fixed)
{
	lint(1, true, 1, "a");
	lint(2, false, 0);
	ck_assert_str_eq(compare(1, 2), "");
	ck_assert(result.worse);
}
END_TEST

START_TEST(a_finding_is_one_in_whichever_job)
{
	lint(1, true, 1, "a");
	begin(1, 0, "unit", 0);
	finding("a", "a.c", 3, "m");
	commit();
	begin(2, 2, "gate", 0);
	finding("a", "a.c", 3, "m");
	finding("b", "a.c", 3, "m");
	commit();
	begin(2, 1, "lint", 0);
	finding("b", "a.c", 3, "m");
	commit();
	ck_assert_str_eq(compare(1, 2), "new_finding b a.c\n");
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_NEW_FINDING], 1);
}
END_TEST

/* ---- coverage ---- */

static void cover(int64_t run, const char *path, uint32_t lines, uint32_t hit)
{
	for (uint32_t i = 1; i <= lines; i++)
		covered(path, i, i <= hit);
	(void)run;
}

START_TEST(coverage_by_file)
{
	begin(1, 0, "unit", 0);
	cover(1, "same.c", 10, 5);
	cover(1, "gone.c", 10, 10);
	cover(1, "up.c", 10, 5);
	commit();
	begin(2, 0, "unit", 0);
	cover(2, "same.c", 10, 3);
	cover(2, "up.c", 10, 9);
	cover(2, "new.c", 4, 4);
	commit();
	begin(2, 1, "lint", 0); /* covers the rest of it */
	cover(2, "same.c", 10, 5);
	commit();
	ck_assert_str_eq(compare(1, 2), "coverage was gone.c 10/10\n"
					"coverage now new.c 4/4\n"
					"coverage was up.c 5/10 now up.c 9/10\n");
	ck_assert(!result.worse);
}
END_TEST

static const struct {
	uint32_t lines, before, after;
	int worse;
} falls[] = { { 1000, 800, 799, 1 }, { 2000, 1600, 1599, 0 }, { 10, 5, 6, 0 }, { 10, 5, 4, 1 } };

START_TEST(coverage_that_falls_is_worse)
{
	begin(1, 0, "unit", 0);
	cover(1, "a.c", falls[_i].lines, falls[_i].before);
	commit();
	begin(2, 0, "unit", 0);
	cover(2, "a.c", falls[_i].lines, falls[_i].after);
	commit();
	compare(1, 2);
	ck_assert_int_eq(result.worse, falls[_i].worse);
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_COVERAGE], 1);
}
END_TEST

START_TEST(evidence_that_is_missing_is_worse)
{
	begin(1, 0, "unit", 0);
	test_is("s", "x", TEST_PASSED);
	commit();
	ck_assert_str_eq(compare(1, 2), "removed_test unit/x passed\n");
	ck_assert(result.worse);
	compare(2, 1);
	ck_assert(!result.worse);
}
END_TEST

/* ---- what is told ---- */

START_TEST(kinds_and_limits)
{
	pipe_compare_options o = PIPE_COMPARE_OPTIONS_INIT;

	begin(1, 0, "unit", 0);
	test_is("s", "old", TEST_PASSED);
	commit();
	begin(2, 0, "unit", 0);
	for (int i = 0; i < 5; i++) {
		char name[8];

		snprintf(name, sizeof(name), "t%d", i);
		failure("s", name, "");
	}
	commit();
	str_init(&told);
	o.kinds = 1u << PIPE_CHANGE_NEW_TEST | 1u << PIPE_CHANGE_REMOVED_TEST;
	o.limit = 2;
	ok(pipe_history_compare(project, 1, 2, &o, add_change, &told, &result, &err));
	ck_assert_str_eq(told.data, "removed_test unit/old passed\nnew_test unit/t0 failed\nnew_test unit/t1 failed\n");
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_NEW_FAILURE], 5);
	ck_assert_uint_eq(result.changes[PIPE_CHANGE_NEW_TEST], 5);
	o.version = 9;
	fails(pipe_history_compare(project, 1, 2, &o, NULL, NULL, NULL, &err), PIPE_EUSAGE, "version 9");
}
END_TEST

/* ---- the rest of pipe.h ---- */

static int add_test(void *payload, const pipe_test_record *t)
{
	str_printf(payload, "%s/%s %s%s; ", t->job, t->name, t->status, t->quarantined ? " q" : "");
	return 0;
}

static const char *list_tests(pipe_test_options o)
{
	str_clear(&told);
	str_init(&told);
	ok(pipe_history_tests(project, 1, &o, add_test, &told, &err));
	return told.data;
}

START_TEST(tests_of_a_run)
{
	pipe_test_options o = PIPE_TEST_OPTIONS_INIT;
	struct evidence_test q = a_test("s", "q", TEST_FAILED);

	begin(1, 0, "unit", 0);
	timed("slow", 300);
	timed("quick", 100);
	failure("s", "red", "boom");
	test_is("s", "broken", TEST_ERROR);
	q.quarantined = true;
	put_test(q);
	commit();
	begin(1, 1, "lint", 0);
	timed("middle", 200);
	commit();
	ck_assert_str_eq(list_tests(o),
			 "unit/slow passed; unit/quick passed; unit/red failed; unit/broken error; unit/q failed q; "
			 "lint/middle passed; ");
	o.status = "failed";
	ck_assert_str_eq(list_tests(o), "unit/red failed; unit/broken error; unit/q failed q; ");
	o.quarantined = -1;
	ck_assert_str_eq(list_tests(o), "unit/red failed; unit/broken error; ");
	o.quarantined = 1;
	ck_assert_str_eq(list_tests(o), "unit/q failed q; ");
	o = (pipe_test_options)PIPE_TEST_OPTIONS_INIT;
	o.slowest = 1;
	o.limit = 2;
	ck_assert_str_eq(list_tests(o), "unit/slow passed; lint/middle passed; ");
	o.job = "lint";
	ck_assert_str_eq(list_tests(o), "lint/middle passed; ");
	o.job = "lunt";
	fails(pipe_history_tests(project, 1, &o, add_test, &told, &err), PIPE_ENOTFOUND, "did you mean \"lint\"");
	o.job = NULL;
	o.status = "faild";
	fails(pipe_history_tests(project, 1, &o, add_test, &told, &err), PIPE_EUSAGE, "did you mean \"failed\"");
}
END_TEST

static int add_finding(void *payload, const pipe_finding_record *f)
{
	str_printf(payload, "%s %s %s %zu; ", f->rule, f->severity, f->kind, strlen(f->fingerprint));
	return 0;
}

START_TEST(findings_of_a_run)
{
	pipe_finding_options o = PIPE_FINDING_OPTIONS_INIT;
	struct evidence_finding f = a_finding("bad", "a.c", 1, "m");

	lint(2, true, 1, "old");
	begin(1, 1, "lint", 0);
	finding("old", "a.c", 9, "m");
	f.severity = SEVERITY_CRITICAL;
	f.kind = FINDING_SECRET;
	put_finding(f);
	commit();
	str_init(&told);
	ok(pipe_history_findings(project, 1, NULL, add_finding, &told, &err));
	ck_assert_str_eq(told.data, "old medium issue 32; bad critical secret 32; ");
	str_reset(&told);
	o.not_in = 2;
	ok(pipe_history_findings(project, 1, &o, add_finding, &told, &err));
	ck_assert_str_eq(told.data, "bad critical secret 32; ");
	str_reset(&told);
	o.not_in = 0;
	o.most = "high";
	ok(pipe_history_findings(project, 1, &o, add_finding, &told, &err));
	ck_assert_str_eq(told.data, "old medium issue 32; ");
	o.least = "hihg";
	fails(pipe_history_findings(project, 1, &o, add_finding, &told, &err), PIPE_EUSAGE, "did you mean \"high\"");
}
END_TEST

static int add_file(void *payload, const pipe_coverage_record *c)
{
	str_printf(payload, "%s %llu/%llu:", c->path, (unsigned long long)c->lines_hit, (unsigned long long)c->lines);
	for (size_t i = 0; i < c->count; i++)
		str_printf(payload, " %u=%llu", c->items[i].line, (unsigned long long)c->items[i].hits);
	str_adds(payload, "; ");
	return 0;
}

START_TEST(coverage_of_a_run)
{
	pipe_coverage_options o = PIPE_COVERAGE_OPTIONS_INIT;

	begin(1, 0, "unit", 0);
	covered("z.c", 1, 1);
	covered("a.c", 1, 0);
	covered("a.c", 4, 2);
	commit();
	begin(1, 1, "lint", 0);
	covered("a.c", 1, 3);
	covered("a.c", 2, 0);
	commit();
	str_init(&told);
	ok(pipe_history_coverage(project, 1, NULL, add_file, &told, &err));
	ck_assert_str_eq(told.data, "a.c 2/3:; z.c 1/1:; ");
	str_reset(&told);
	o.lines = 1;
	o.path = "a.c";
	ok(pipe_history_coverage(project, 1, &o, add_file, &told, &err));
	ck_assert_str_eq(told.data, "a.c 2/3: 1=3 2=0 4=2; ");
	str_reset(&told);
	o.job = "unit";
	ok(pipe_history_coverage(project, 1, &o, add_file, &told, &err));
	ck_assert_str_eq(told.data, "a.c 1/2: 1=0 4=2; ");
}
END_TEST

static int add_job(void *payload, uint32_t index, const char *job, const pipe_evidence *e)
{
	str_printf(payload, "%u %s %llu+%llu; ", index, job, (unsigned long long)e->passed, (unsigned long long)e->broken);
	return 0;
}

static int add_report(void *payload, const pipe_report_record *r)
{
	str_printf(payload, "%s %s %s:%u %s; ", r->job, r->format, r->path, r->line, r->error);
	return 0;
}

static int add_condition(void *payload, const pipe_condition_record *c)
{
	str_printf(payload, "%s %s %s %s %s %s; ", c->job, c->subject, c->value, c->bound, c->verdict, c->detail);
	return 0;
}

static int add_metric(void *payload, const pipe_metric_record *m)
{
	str_printf(payload, "%s %s %g %s; ", m->name, m->labels, m->value, m->unit);
	return 0;
}

static int add_component(void *payload, const pipe_component_record *c)
{
	str_printf(payload, "%s %s %s; ", c->name, c->version, c->licenses);
	return 0;
}

static int add_image(void *payload, const pipe_image_record *i)
{
	str_printf(payload, "%s %s %llu; ", i->name, i->digest, (unsigned long long)i->bytes);
	return 0;
}

START_TEST(the_rest_of_a_run)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_metric m = { "m", "a=\"1\"", 0.5, "s", "" };
	struct evidence_component c = { "zlib", "1.3", "library", "pkg", "Zlib" };
	struct evidence_image i = { "app:1", "sha256:0", 7 };
	struct stage_condition condition = { "tests", "1 failed", "0", "fail", "s.x" };
	pipe_error why = { .line = 3, .text = "cut off" };
	pipe_evidence e;

	begin(1, 2, "gate", 0);
	ok(evidence_report_begin(db, "bad.xml", &err));
	ok(evidence_report_end(db, &everything, &why, &err));
	test_is("s", "x", TEST_PASSED);
	ok(sink->metric(sink->payload, &m, &err));
	ok(sink->component(sink->payload, &c, &err));
	ok(sink->image(sink->payload, &i, &err));
	ok(evidence_condition(db, &condition, &err));
	commit();
	str_init(&told);
	ok(pipe_history_evidence_jobs(project, 1, add_job, &told, &err));
	ok(pipe_history_reports(project, 1, "gate", add_report, &told, &err));
	ok(pipe_history_conditions(project, 1, NULL, add_condition, &told, &err));
	ok(pipe_history_metrics(project, 1, NULL, add_metric, &told, &err));
	ok(pipe_history_components(project, 1, NULL, add_component, &told, &err));
	ok(pipe_history_images(project, 1, NULL, add_image, &told, &err));
	ck_assert_str_eq(told.data, "2 gate 1+1; gate everything bad.xml:3 cut off; gate tests 1 failed 0 fail s.x; "
				    "m a=\"1\" 0.5 s; zlib 1.3 Zlib; app:1 sha256:0 7; ");
	str_reset(&told);
	ok(pipe_history_images(project, 1, "unit", add_image, &told, &err));
	ck_assert_str_eq(told.data, "");
	ok(pipe_history_evidence(project, 1, "gate", &e, &err));
	ck_assert_uint_eq(e.components, 1);
	ck_assert_uint_eq(e.broken, 1);
}
END_TEST

START_TEST(the_baseline_of_a_run)
{
	int64_t baseline, topic = a_run("f.yml", "topic", PIPE_STATUS_FAILED);

	ok(pipe_history_baseline(project, topic, &baseline, &err));
	ck_assert_int_eq(baseline, 3);
	fails(pipe_history_baseline(project, 1, &baseline, &err), PIPE_ENOTFOUND, "no successful run of f.yml");
}
END_TEST

START_TEST(gc_takes_the_evidence_along)
{
	pipe_gc_options o = PIPE_GC_OPTIONS_INIT;

	lint(1, true, 1, "a");
	lint(3, true, 1, "b");
	o.max_runs = 1;
	o.dry_run = 1;
	ok(pipe_history_gc(project, &o, NULL, &err));
	ck_assert_int_eq(number("SELECT count(*) FROM job"), 2);
	o.dry_run = 0;
	ok(pipe_history_gc(project, &o, NULL, &err));
	ck_assert_int_eq(number("SELECT count(*) FROM job"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM issue"), 1);
}
END_TEST

START_TEST(gc_without_a_history_leaves_no_evidence)
{
	pipe_gc_options o = PIPE_GC_OPTIONS_INIT;
	pipe_project_options options = PIPE_PROJECT_OPTIONS_INIT;

	lint(1, true, 1, "a");
	pipe_project_free(project);
	store_free(store);
	store = NULL;
	scratch_sh(&s, "rm pipe.db*");
	options.directory = options.state_directory = s.root;
	ok(pipe_project_open(&project, &options, &err));
	ok(pipe_history_gc(project, &o, NULL, &err));
	ck_assert_int_eq(number("SELECT count(*) FROM job"), 0);
}
END_TEST

START_TEST(a_damaged_database_is_told)
{
	static const struct {
		const char *sql, *words;
	} damage[] = {
		{ "UPDATE test SET status = 77", "state of a test" },
		{ "UPDATE finding SET kind = 77", "kind of finding" },
		{ "UPDATE coverage SET data = x'ff'", "cannot be read" },
	};
	pipe_coverage_options lines = PIPE_COVERAGE_OPTIONS_INIT;
	pipe_error err = { 0 };
	char command[128];
	int rc = PIPE_OK;

	begin(1, 0, "unit", 0);
	test_is("s", "x", TEST_PASSED);
	finding("r", "a.c", 1, "m");
	covered("a.c", 1, 1);
	commit();
	str_init(&told);
	snprintf(command, sizeof(command), "sqlite3 evidence.db \"%s\"", damage[_i].sql);
	scratch_sh(&s, command);
	lines.lines = 1;
	rc = rc ? rc : pipe_history_tests(project, 1, NULL, add_test, &told, &err);
	rc = rc ? rc : pipe_history_findings(project, 1, NULL, add_finding, &told, &err);
	rc = rc ? rc : pipe_history_coverage(project, 1, &lines, add_file, &told, &err);
	ck_assert_int_eq(rc, PIPE_ESTORE);
	ck_assert_msg(strstr(err.text, damage[_i].words) != NULL, "%s", err.text);
}
END_TEST

static void clear(void)
{
	str_clear(&told);
	close_all();
}

Suite *evidence_compare_suite(void)
{
	Suite *suite = suite_create("evidence_compare");
	TCase *t = tcase_create("evidence_compare");

	str_init(&told);
	tcase_add_checked_fixture(t, open_all, clear);
	tcase_add_test(t, nothing_and_nothing_are_the_same);
	tcase_add_test(t, a_run_is_the_same_as_itself);
	tcase_add_loop_test(t, what_becomes_of_a_test, 0, sizeof(changes) / sizeof(*changes));
	tcase_add_test(t, new_and_removed_tests);
	tcase_add_test(t, slower_means_twice_and_a_tenth_of_a_second);
	tcase_add_test(t, parts_of_a_job_are_one_and_those_of_a_matrix_are_not);
	tcase_add_test(t, tests_of_one_name_may_change_places);
	tcase_add_test(t, files_tell_tests_of_one_name_apart);
	tcase_add_test(t, many_of_one_name_are_compared_piece_by_piece);
	tcase_add_test(t, quarantined_tests_are_left_out);
	tcase_add_test(t, new_and_fixed_findings);
	tcase_add_test(t, fewer_findings_are_better);
	tcase_add_test(t, what_nobody_looked_for_is_not_fixed);
	tcase_add_test(t, a_finding_is_one_in_whichever_job);
	tcase_add_test(t, coverage_by_file);
	tcase_add_loop_test(t, coverage_that_falls_is_worse, 0, sizeof(falls) / sizeof(*falls));
	tcase_add_test(t, evidence_that_is_missing_is_worse);
	tcase_add_test(t, kinds_and_limits);
	tcase_add_test(t, tests_of_a_run);
	tcase_add_test(t, findings_of_a_run);
	tcase_add_test(t, coverage_of_a_run);
	tcase_add_test(t, the_rest_of_a_run);
	tcase_add_test(t, the_baseline_of_a_run);
	tcase_add_test(t, gc_takes_the_evidence_along);
	tcase_add_test(t, gc_without_a_history_leaves_no_evidence);
	tcase_add_loop_test(t, a_damaged_database_is_told, 0, 3);
	suite_add_tcase(suite, t);
	return suite;
}
