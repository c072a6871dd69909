/* The writing side of evidence.db: what stays of reports, rounds and attempts, and what is counted. */
#include "runner/evidence/coverage.h"
#include "runner/evidence/database.h"
#include "tests/unit/evidence_fixture.h"

Suite *evidence_store_suite(void);

/* ---- jobs and reports ---- */

START_TEST(without_evidence_there_is_no_database)
{
	struct evidence_db *none = NULL;

	teardown();
	scratch_make(&s);
	ok(evidence_open(&none, s.root, STORE_READ, &err));
	ck_assert_ptr_null(none);
	ck_assert(!scratch_has(&s, "evidence.db"));
	evidence_free(none);
}
END_TEST

START_TEST(a_report_is_kept_with_what_it_gives)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	ok(evidence_report_begin(db, "junit.xml", &err));
	test_is("a", "one", TEST_PASSED);
	test_is("a", "two", TEST_SKIPPED);
	failure("b", "one", "boom");
	test_is("b", "three", TEST_ERROR);
	ok(evidence_report_end(db, &everything, NULL, &err));
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 4);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	ck_assert_uint_eq(t.tests[TEST_SKIPPED], 1);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
	ck_assert_uint_eq(t.tests[TEST_ERROR], 1);
	ck_assert_uint_eq(t.reports, 1);
	ck_assert_uint_eq(t.broken, 0);
	ck_assert(t.has_tests && t.has_coverage && t.has_findings[FINDING_ISSUE] && t.has_findings[FINDING_WARNING]);
	ck_assert(!t.has_findings[FINDING_SECRET]);
	ck_assert_int_eq(number("SELECT count(*) FROM report WHERE path = 'junit.xml' AND format = 'everything' AND error = ''"),
			 1);
}
END_TEST

START_TEST(nothing_is_evidence_of_nothing)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	t = commit();
	ck_assert(!t.has_tests && !t.has_coverage && !t.has_findings[FINDING_ISSUE]);
	ck_assert_uint_eq(t.reports, 0);
}
END_TEST

START_TEST(a_broken_report_leaves_its_error_and_nothing_else)
{
	pipe_error why = { .code = PIPE_EPIPELINE, .line = 7, .column = 3, .text = "not well-formed" };
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	ok(evidence_report_begin(db, "good.xml", &err));
	test_is("a", "one", TEST_PASSED);
	covered("a.c", 1, 1);
	ok(evidence_report_end(db, &everything, NULL, &err));
	ok(evidence_report_begin(db, "bad.xml", &err));
	test_is("a", "lost", TEST_FAILED);
	covered("a.c", 2, 0);
	covered("b.c", 2, 0);
	finding("rule", "lost.c", 1, "lost");
	ok(evidence_report_end(db, &everything, &why, &err));
	/* the words of the report that was taken back are made anew */
	ok(evidence_report_begin(db, "late.xml", &err));
	finding("rule", "lost.c", 1, "lost");
	ok(evidence_report_end(db, &everything, NULL, &err));
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 1);
	ck_assert_uint_eq(t.files, 1);
	ck_assert_uint_eq(t.lines, 1);
	ck_assert_uint_eq(evidence_findings(&t), 1);
	ck_assert_uint_eq(t.reports, 2);
	ck_assert_uint_eq(t.broken, 1);
	ck_assert_int_eq(number("SELECT line * 100 + col FROM report WHERE path = 'bad.xml' AND error = 'not well-formed'"), 703);
	ck_assert_int_eq(number("SELECT count(*) FROM finding JOIN issue ON issue.id = issue JOIN word ON word.id = path "
				"WHERE text = 'lost.c'"),
			 1);
}
END_TEST

START_TEST(only_broken_reports_are_no_data)
{
	pipe_error why = { .text = "cut off" };
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	ok(evidence_report_begin(db, "bad.xml", &err));
	test_is("a", "one", TEST_PASSED);
	ok(evidence_report_end(db, &everything, &why, &err));
	t = commit();
	ck_assert(!t.has_tests && !t.has_coverage);
	ck_assert_uint_eq(t.broken, 1);
}
END_TEST

START_TEST(a_report_may_say_what_it_is_evidence_of)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_totals t;

	begin(1, 0, "scan", 0);
	ok(evidence_report_begin(db, "gl-secret.json", &err));
	ok(sink->scope(sink->payload, GIVES_SECRETS, &err));
	ok(evidence_report_end(db, &everything, NULL, &err));
	t = commit();
	ck_assert(t.has_findings[FINDING_SECRET] && !t.has_tests && !t.has_findings[FINDING_ISSUE]);
	begin(1, 0, "scan", 1);
	ok(evidence_report_begin(db, "other", &err));
	ok(evidence_report_end(db, &everything, NULL, &err));
	t = commit();
	ck_assert(t.has_findings[FINDING_SECRET] && t.has_tests);
}
END_TEST

START_TEST(an_attempt_throws_away_what_the_one_before_left)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	failure("a", "one", "boom");
	finding("rule", "a.c", 1, "m");
	covered("a.c", 1, 1);
	commit();
	begin(1, 1, "other", 0);
	test_is("a", "one", TEST_PASSED);
	commit();
	begin(1, 0, "unit", 0);
	test_is("a", "two", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 1);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	ck_assert_uint_eq(evidence_findings(&t), 0);
	ck_assert_uint_eq(t.lines, 0);
	ck_assert_int_eq(number("SELECT count(*) FROM test"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM test_text"), 0);
}
END_TEST

START_TEST(what_is_rolled_back_was_never_there)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	test_is("suite", "one", TEST_FAILED);
	ok(evidence_report_begin(db, "x", &err));
	covered("a.c", 1, 1);
	evidence_rollback(db);
	begin(1, 0, "unit", 0);
	test_is("suite", "two", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 1);
	ck_assert_uint_eq(t.files, 0);
	ck_assert_int_eq(number("SELECT count(*) FROM test_case"), 1);
}
END_TEST

START_TEST(calls_in_the_wrong_order_are_refused)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_test t = a_test("a", "b", TEST_PASSED);
	struct stage_condition c = { "a", "b", "c", "pass", "" };

	fails(sink->test(sink->payload, &t, &err), PIPE_EUSAGE, "evidence_begin");
	fails(evidence_condition(db, &c, &err), PIPE_EUSAGE, "evidence_begin");
	fails(evidence_report_begin(db, "x", &err), PIPE_EUSAGE, "evidence_begin");
	fails(evidence_commit(db, NULL, &err), PIPE_EUSAGE, "evidence_begin");
	fails(evidence_begin(db, 0, 0, "x", "x", 0, &err), PIPE_EUSAGE, "no such run");
	begin(1, 0, "x", 0);
	fails(evidence_begin(db, 1, 1, "y", "y", 0, &err), PIPE_EUSAGE, "not been committed");
	fails(evidence_report_end(db, NULL, NULL, &err), PIPE_EUSAGE, "no report");
	ok(evidence_report_begin(db, "r", &err));
	fails(evidence_report_begin(db, "r", &err), PIPE_EUSAGE, "not been ended");
	fails(evidence_commit(db, NULL, &err), PIPE_EUSAGE, "not been ended");
	begin(1, 0, "x", 0); /* the commit that failed gave everything up */
	evidence_rollback(db);
	evidence_rollback(db);
}
END_TEST

START_TEST(readers_see_whole_jobs)
{
	begin(1, 0, "unit", 0);
	test_is("a", "one", TEST_PASSED);
	ck_assert_int_eq(number("SELECT count(*) FROM test"), 0);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM test"), 1);
}
END_TEST

START_TEST(conditions_keep_their_order)
{
	struct stage_condition one = { "coverage", "78.4 %", ">= 80 %", "fail", "" };
	struct stage_condition two = { "tests", "0 failed", "0", "pass", "of 10" };

	begin(1, 3, "gate", 0);
	ok(evidence_condition(db, &one, &err));
	ok(evidence_condition(db, &two, &err));
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM condition WHERE scope = (1 << 32 | 3) AND number = 1 AND detail = 'of 10'"),
			 1);
}
END_TEST

/* ---- tests ---- */

START_TEST(one_name_twice_is_two_tests)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	test_is("a", "same", TEST_PASSED);
	failure("a", "same", "boom");
	test_is("a", "same", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(t.tests[TEST_PASSED], 2);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
}
END_TEST

START_TEST(suites_tell_tests_apart)
{
	begin(1, 0, "unit", 0);
	test_is("a", "x", TEST_PASSED);
	test_is("b", "x", TEST_PASSED);
	test_is("", "x", TEST_PASSED);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM test_case"), 3);
}
END_TEST

static void in_file(const char *file, enum test_status status)
{
	struct evidence_test t = a_test("a", "x", status);

	t.file = file;
	put_test(t);
}

START_TEST(a_rerun_meets_the_test_of_its_file)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	in_file("one.js", TEST_FAILED);
	in_file("two.js", TEST_ERROR);
	in_file("three.js", TEST_PASSED);
	commit();
	begin(1, 0, "unit", 1);
	in_file("two.js", TEST_PASSED);
	in_file("four.js", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 4);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
	ck_assert_uint_eq(t.tests[TEST_FLAKY], 1);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 2);
}
END_TEST

START_TEST(a_rerun_may_not_name_the_file)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	in_file("", TEST_PASSED);
	in_file("one.js", TEST_FAILED);
	commit();
	begin(1, 0, "unit", 1);
	in_file("", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(t.tests[TEST_FLAKY], 1);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	ck_assert_int_eq(
		number("SELECT count(*) FROM test JOIN word ON word.id = file WHERE word.text = 'one.js' AND status = 2"), 1);
	/* and the other way round */
	begin(1, 0, "unit", 2);
	in_file("two.js", TEST_FAILED);
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 2);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
}
END_TEST

static const struct {
	enum test_status before, now, after;
} rounds[] = {
	{ TEST_FAILED, TEST_PASSED, TEST_FLAKY },   { TEST_ERROR, TEST_PASSED, TEST_FLAKY },
	{ TEST_FAILED, TEST_FAILED, TEST_FAILED },  { TEST_FAILED, TEST_ERROR, TEST_FAILED },
	{ TEST_FAILED, TEST_SKIPPED, TEST_FAILED }, { TEST_FAILED, TEST_FLAKY, TEST_FLAKY },
	{ TEST_PASSED, TEST_FAILED, TEST_FAILED },  { TEST_PASSED, TEST_PASSED, TEST_PASSED },
	{ TEST_PASSED, TEST_SKIPPED, TEST_PASSED }, { TEST_SKIPPED, TEST_PASSED, TEST_PASSED },
	{ TEST_SKIPPED, TEST_ERROR, TEST_ERROR },   { TEST_FLAKY, TEST_PASSED, TEST_FLAKY },
	{ TEST_FLAKY, TEST_FAILED, TEST_FAILED },   { TEST_SKIPPED, TEST_SKIPPED, TEST_SKIPPED },
	{ TEST_ERROR, TEST_SKIPPED, TEST_ERROR },
};

START_TEST(a_later_round_meets_what_was_before)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	test_is("a", "x", rounds[_i].before);
	commit();
	begin(1, 0, "unit", 1);
	test_is("a", "x", rounds[_i].now);
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 1);
	ck_assert_msg(t.tests[rounds[_i].after] == 1, "%s then %s", test_status_name(rounds[_i].before),
		      test_status_name(rounds[_i].now));
}
END_TEST

START_TEST(a_flaky_test_keeps_its_first_message)
{
	struct evidence_test again = a_test("a", "x", TEST_PASSED);

	begin(1, 0, "unit", 0);
	failure("a", "x", "first");
	commit();
	begin(1, 0, "unit", 1);
	failure("a", "x", "second");
	commit();
	begin(1, 0, "unit", 2);
	again.duration_us = 1500;
	again.message = "third";
	put_test(again);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM test JOIN test_text ON id = text WHERE status = 2 AND failures = 2 AND "
				"duration = 1500 AND message = 'first'"),
			 1);
	ck_assert_int_eq(number("SELECT count(*) FROM test_text"), 1);
}
END_TEST

START_TEST(what_failed_late_says_why)
{
	struct evidence_test skipped = a_test("a", "x", TEST_SKIPPED);

	skipped.message = "not today";
	begin(1, 0, "unit", 0);
	put_test(skipped);
	commit();
	begin(1, 0, "unit", 1);
	failure("a", "x", "boom");
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM test JOIN test_text ON id = text WHERE status = 0 AND message = 'boom'"),
			 1);
	ck_assert_int_eq(number("SELECT count(*) FROM test_text"), 1);
}
END_TEST

START_TEST(a_rerun_of_one_of_two_meets_the_failed_one)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	test_is("a", "x", TEST_PASSED);
	failure("a", "x", "boom");
	commit();
	begin(1, 0, "unit", 1);
	test_is("a", "x", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(t.tests[TEST_FLAKY], 1);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	/* both again, and one of them fails: it is not lost, in whichever order they come */
	begin(1, 0, "unit", 2);
	test_is("a", "x", TEST_PASSED);
	failure("a", "x", "again");
	t = commit();
	ck_assert_uint_eq(evidence_tests(&t), 2);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
}
END_TEST

START_TEST(a_rerun_may_bring_more_tests)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	failure("a", "x", "boom");
	commit();
	begin(1, 0, "unit", 1);
	test_is("a", "x", TEST_PASSED);
	test_is("a", "x", TEST_PASSED);
	test_is("a", "new", TEST_FAILED);
	t = commit();
	ck_assert_uint_eq(t.tests[TEST_FLAKY], 1);
	ck_assert_uint_eq(t.tests[TEST_PASSED], 1);
	ck_assert_uint_eq(t.tests[TEST_FAILED], 1);
}
END_TEST

START_TEST(quarantined_tests_are_counted_apart)
{
	struct evidence_test q = a_test("a", "q", TEST_FAILED);
	struct evidence_totals t;

	q.quarantined = true;
	q.duration_us = 10;
	begin(1, 0, "unit", 0);
	put_test(q);
	q.name = "r";
	q.status = TEST_PASSED;
	put_test(q);
	t = commit();
	ck_assert_uint_eq(t.quarantined, 2);
	ck_assert_uint_eq(t.quarantined_failed, 1);
	ck_assert_uint_eq(t.tests[TEST_FAILED] + t.tests[TEST_PASSED], 0);
	ck_assert_uint_eq(evidence_tests(&t), 2);
	ck_assert_int_eq(t.tests_us, 20);
}
END_TEST

/* ---- findings ---- */

START_TEST(the_same_warning_in_one_place_is_one_finding)
{
	struct evidence_totals t;

	begin(1, 0, "build", 0);
	for (int i = 0; i < 3; i++) {
		finding("unused", "a.h", 4, "unused variable x");
		finding("unused", "a.h", 9, "unused variable x");
		finding("unused", "b.h", 4, "unused variable x");
	}
	t = commit();
	ck_assert_uint_eq(t.findings[FINDING_ISSUE][SEVERITY_MEDIUM], 3);
	/* a later round says it again */
	begin(1, 0, "build", 1);
	finding("unused", "a.h", 9, "unused variable x");
	finding("unused", "a.h", 12, "unused variable x");
	t = commit();
	ck_assert_uint_eq(evidence_findings(&t), 4);
}
END_TEST

START_TEST(without_a_line_nothing_is_the_same)
{
	struct evidence_totals t;

	begin(1, 0, "scan", 0);
	for (int i = 0; i < 5; i++)
		finding("rule", "", 0, "m");
	t = commit();
	ck_assert_uint_eq(evidence_findings(&t), 5);
	ck_assert_int_eq(number("SELECT count(*) FROM issue"), 5);
}
END_TEST

START_TEST(many_of_one_fingerprint_are_all_kept)
{
	enum { MANY = 1000 };
	struct evidence_totals t;

	begin(1, 0, "lint", 0);
	for (uint32_t i = 1; i <= MANY; i++)
		finding("docstring", "a.py", i, "missing docstring");
	t = commit();
	ck_assert_uint_eq(evidence_findings(&t), MANY);
	/* and are the same ones in the next run, wherever they moved */
	begin(2, 0, "lint", 0);
	for (uint32_t i = 1; i <= MANY; i++)
		finding("docstring", "a.py", i + 7, "missing docstring");
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM issue"), MANY);
}
END_TEST

START_TEST(the_worse_of_two_stays)
{
	struct evidence_finding f = a_finding("r", "a.c", 3, "m");
	struct evidence_totals t;

	begin(1, 0, "lint", 0);
	f.suppressed = true;
	f.severity = SEVERITY_LOW;
	put_finding(f);
	f.suppressed = false;
	f.severity = SEVERITY_HIGH;
	put_finding(f);
	f.severity = SEVERITY_INFO;
	put_finding(f);
	t = commit();
	ck_assert_uint_eq(t.findings[FINDING_ISSUE][SEVERITY_HIGH], 1);
	ck_assert_uint_eq(evidence_findings(&t), 1);
	ck_assert_uint_eq(t.suppressed, 0);
}
END_TEST

START_TEST(findings_are_counted_by_kind_and_severity)
{
	struct evidence_finding f = a_finding("r", "a.c", 3, "m");
	struct evidence_totals t;

	begin(1, 0, "lint", 0);
	for (uint8_t kind = 0; kind < FINDING_KIND_COUNT; kind++)
		for (uint8_t severity = 0; severity < SEVERITY_COUNT; severity++) {
			f.kind = kind;
			f.severity = severity;
			f.line++;
			f.suppressed = severity == SEVERITY_INFO;
			put_finding(f);
		}
	t = commit();
	for (unsigned kind = 0; kind < FINDING_KIND_COUNT; kind++) {
		ck_assert(t.has_findings[kind]);
		for (unsigned severity = 0; severity < SEVERITY_COUNT; severity++)
			ck_assert_uint_eq(t.findings[kind][severity], severity != SEVERITY_INFO);
	}
	ck_assert_uint_eq(t.suppressed, FINDING_KIND_COUNT);
}
END_TEST

/* ---- coverage ---- */

START_TEST(lines_are_counted_once)
{
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	ok(evidence_report_begin(db, "a", &err));
	covered("a.c", 3, 0);
	covered("a.c", 1, 0);
	covered("a.c", 3, 2);
	covered("a.c", 2, 0);
	covered("a.c", 0, 9);
	covered("b.c", 1, 1);
	ok(evidence_report_end(db, &everything, NULL, &err));
	ok(evidence_report_begin(db, "b", &err));
	covered("a.c", 1, 5);
	covered("a.c", 4, 0);
	ok(evidence_report_end(db, &everything, NULL, &err));
	t = commit();
	ck_assert_uint_eq(t.files, 2);
	ck_assert_uint_eq(t.lines, 5);
	ck_assert_uint_eq(t.lines_hit, 3);
	ck_assert_int_eq(number("SELECT lines * 10 + lines_hit FROM coverage JOIN word ON word.id = path WHERE text = 'a.c'"),
			 42);
}
END_TEST

START_TEST(branches_keep_the_larger_figure)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_line one = { "a.c", 7, 1, 4, 1 }, two = { "a.c", 7, 1, 4, 3 }, wrong = { "a.c", 8, 1, 2, 9 };
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	ok(sink->line(sink->payload, &two, &err));
	ok(sink->line(sink->payload, &one, &err));
	ok(sink->line(sink->payload, &wrong, &err));
	t = commit();
	ck_assert_uint_eq(t.branches, 6);
	ck_assert_uint_eq(t.branches_hit, 5);
}
END_TEST

START_TEST(files_that_alternate_come_together)
{
	enum { FILES = 20, LINES = 10000 };
	struct evidence_totals t;
	char path[16];

	begin(1, 0, "unit", 0);
	for (uint32_t line = LINES; line > 0; line--)
		for (int f = 0; f < FILES; f++) {
			snprintf(path, sizeof(path), "f%d.c", f);
			covered(path, line, line % 2);
		}
	t = commit();
	ck_assert_uint_eq(t.files, FILES);
	ck_assert_uint_eq(t.lines, FILES * LINES);
	ck_assert_uint_eq(t.lines_hit, FILES * LINES / 2);
}
END_TEST

START_TEST(a_blob_gives_back_what_went_in)
{
	static const struct coverage_line in[] = {
		{ 1, 0, 0, 0 },
		{ 2, 0, 0, 127 },
		{ 3, 2, 1, 128 },
		{ 70000, 0, 0, UINT64_MAX },
		{ UINT32_MAX, UINT32_MAX, UINT32_MAX, 1 },
	};
	struct coverage_writer w;
	struct coverage_reader r;

	coverage_write_init(&w);
	for (size_t i = 0; i < 5; i++)
		coverage_write(&w, &in[i]);
	coverage_read(&r, w.blob.data, w.blob.length);
	for (size_t i = 0; i < 5; i++) {
		ck_assert(coverage_next(&r));
		ck_assert(r.at.line == in[i].line && r.at.hits == in[i].hits && r.at.branches == in[i].branches &&
			  r.at.branches_hit == in[i].branches_hit);
	}
	ck_assert(!coverage_next(&r) && !r.damaged);
	coverage_write_clear(&w);
}
END_TEST

START_TEST(a_damaged_blob_is_told)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
		{ "\x00\x01", 2 },					    /* no distance */
		{ "\x02", 1 },						    /* no hits */
		{ "\x82", 1 },						    /* a number that goes on */
		{ "\x03\x01\x02\x03", 4 },				    /* more branches hit than there are */
		{ "\x03\x01\x02", 3 },					    /* no branches hit */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 }, /* too long a number */
		{ "\xfe\xff\xff\xff\xff\x7f\x01", 7 },			    /* too high a line */
	};
	struct coverage_reader r;

	coverage_read(&r, bad[_i].bytes, bad[_i].length);
	ck_assert(!coverage_next(&r));
	ck_assert(r.damaged);
}
END_TEST

/* ---- the rest ---- */

START_TEST(metrics_components_and_images)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_metric m = { "latency", "route=\"/\"", 2.5, "seconds", "how long" };
	struct evidence_component c = { "zlib", "1.3", "library", "pkg:generic/zlib@1.3", "Zlib" };
	struct evidence_image i = { "app:1", "sha256:00", 1000 };
	struct evidence_totals t;

	begin(1, 0, "x", 0);
	ok(sink->metric(sink->payload, &m, &err));
	m.value = NAN;
	ok(sink->metric(sink->payload, &m, &err));
	m.labels = "";
	m.value = INFINITY;
	ok(sink->metric(sink->payload, &m, &err));
	ok(sink->component(sink->payload, &c, &err));
	ok(sink->component(sink->payload, &c, &err));
	ok(sink->image(sink->payload, &i, &err));
	i.bytes = 500;
	ok(sink->image(sink->payload, &i, &err));
	t = commit();
	ck_assert_uint_eq(t.metrics, 2);
	ck_assert_uint_eq(t.components, 1);
	ck_assert_uint_eq(t.images, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM metric WHERE value IS NULL"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM metric WHERE value > 1e308"), 1);
	ck_assert_int_eq(number("SELECT bytes FROM image"), 1000);
}
END_TEST

START_TEST(a_run_may_keep_what_a_job_said_in_another)
{
	struct stage_condition c = { "tests", "0", "0", "pass", "" };
	struct evidence_totals t;

	begin(1, 0, "unit", 0);
	test_is("a", "green", TEST_PASSED);
	failure("a", "x", "first");
	failure("a", "y", "second");
	finding("r", "a.c", 1, "m");
	finding("r", "a.c", 2, "m");
	covered("a.c", 1, 1);
	ok(evidence_condition(db, &c, &err));
	commit();
	begin(2, 5, "unit", 0);
	test_is("a", "thrown away", TEST_PASSED);
	commit();
	ok(evidence_keep(db, 1, 0, 2, 5, &err));
	ck_assert_int_eq(
		number("SELECT count(*) FROM job WHERE scope = (2 << 32 | 5) AND failed = 2 AND findings = 2 AND lines = 1"), 1);
	ck_assert_int_eq(
		number("SELECT count(*) FROM test JOIN test_text ON id = text WHERE scope >> 32 = 2 AND message = 'second'"), 1);
	ck_assert_int_eq(number("SELECT count(DISTINCT id) FROM test_text"), 4);
	ck_assert_int_eq(number("SELECT count(*) FROM condition WHERE scope = (2 << 32 | 5)"), 1);
	/* it is that run's own: taking it away leaves the other, and it may be added to */
	begin(2, 5, "unit", 1);
	test_is("a", "x", TEST_PASSED);
	t = commit();
	ck_assert_uint_eq(t.tests[TEST_FLAKY], 1);
	ck_assert_int_eq(number("SELECT count(*) FROM test WHERE scope = 1 << 32 AND status = 0"), 2);
	begin(1, 0, "unit", 0);
	commit();
	ck_assert_int_eq(number("SELECT count(*) FROM test_text"), 2);
}
END_TEST

START_TEST(gc_leaves_no_word_behind)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_metric m = { "only", "here", 1, "u", "h" };
	int64_t gone[] = { 1, 3 };

	for (int64_t run = 1; run <= 3; run++) {
		begin(run, 0, "unit", 0);
		failure(run == 2 ? "kept" : "gone", "x", "boom");
		finding("r", run == 2 ? "kept.c" : "gone.c", 1, "m");
		finding("r", run == 2 ? "kept.c" : "gone.c", 2, "m");
		covered("k.c", 1, 1);
		if (run == 1)
			ok(sink->metric(sink->payload, &m, &err));
		commit();
	}
	ok(evidence_gc(db, gone, 2, &err));
	ck_assert_int_eq(number("SELECT count(*) FROM job"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM test_case"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM issue"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM test_text"), 1);
	/* unit kept r kept.c cppcheck m k.c */
	ck_assert_int_eq(number("SELECT count(*) FROM word"), 7);
	gone[0] = 2;
	ok(evidence_gc(db, gone, 1, &err));
	ck_assert_int_eq(
		number("SELECT (SELECT count(*) FROM word) + (SELECT count(*) FROM issue) + (SELECT count(*) FROM test_case) + "
		       "(SELECT count(*) FROM coverage) + (SELECT count(*) FROM finding_place) + (SELECT count(*) FROM job_finding)"),
		0);
}
END_TEST

struct stored_gc {
	pipe_gc_options options;
	pipe_gc_result result;
};

START_TEST(a_sweep_follows_the_history)
{
	struct stored_gc gc = { .options = PIPE_GC_OPTIONS_INIT };

	for (int i = 0; i < 3; i++) {
		begin(a_run("f.yml", "main", PIPE_STATUS_SUCCESS), 0, "unit", 0);
		test_is("a", "x", TEST_PASSED);
		commit();
	}
	gc.options.max_runs = 1;
	ok(store_gc(store, &gc.options, T + 10000, &gc.result, &err));
	ok(evidence_sweep(s.root, store, &err));
	ck_assert_int_eq(number("SELECT group_concat(scope >> 32) FROM job"), 3);
	ck_assert_int_eq(number("SELECT count(*) FROM test"), 1);
	/* without a history no run is known */
	ok(evidence_sweep(s.root, NULL, &err));
	ck_assert_int_eq(number("SELECT count(*) FROM job"), 0);
}
END_TEST

START_TEST(a_sweep_makes_nothing)
{
	evidence_free(db);
	db = NULL;
	scratch_sh(&s, "rm evidence.db*");
	ok(evidence_sweep(s.root, store, &err));
	ck_assert(!scratch_has(&s, "evidence.db"));
}
END_TEST

START_TEST(a_new_history_moves_the_old_evidence_away)
{
	int64_t run = a_run("f.yml", "main", PIPE_STATUS_SUCCESS);

	begin(run, 1, "old", 0);
	failure("a", "x", "of another run 1");
	commit();
	evidence_free(db);
	store_free(store);
	db = NULL;
	scratch_sh(&s, "rm pipe.db*");
	ok(store_open(&store, s.root, STORE_WRITE, false, &err));
	ck_assert_int_eq(a_run("f.yml", "main", PIPE_STATUS_SUCCESS), run);
	ck_assert(!scratch_has(&s, "evidence.db"));
	ck_assert(scratch_has(&s, "evidence.db.gone"));
	ok(evidence_sweep(s.root, store, &err));
	ck_assert(!scratch_has(&s, "evidence.db.gone"));
}
END_TEST

START_TEST(a_newer_database_is_refused)
{
	struct evidence_db *other;

	teardown();
	setup();
	number("PRAGMA user_version"); /* it is there */
	evidence_free(db);
	db = NULL;
	scratch_sh(&s, "sqlite3 evidence.db 'PRAGMA user_version = 99'");
	fails(evidence_open(&other, s.root, STORE_READ, &err), PIPE_ESTORE, "newer pipe");
	fails(evidence_open(&other, s.root, STORE_WRITE, &err), PIPE_ESTORE, "newer pipe");
	scratch_sh(&s, "rm evidence.db*; echo nonsense nonsense nonsense nonsense >evidence.db");
	fails(evidence_open(&other, s.root, STORE_READ, &err), PIPE_ESTORE, "evidence.db");
}
END_TEST

Suite *evidence_store_suite(void)
{
	Suite *suite = suite_create("evidence_store");
	TCase *t = tcase_create("evidence_store");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, without_evidence_there_is_no_database);
	tcase_add_test(t, a_report_is_kept_with_what_it_gives);
	tcase_add_test(t, nothing_is_evidence_of_nothing);
	tcase_add_test(t, a_broken_report_leaves_its_error_and_nothing_else);
	tcase_add_test(t, only_broken_reports_are_no_data);
	tcase_add_test(t, a_report_may_say_what_it_is_evidence_of);
	tcase_add_test(t, an_attempt_throws_away_what_the_one_before_left);
	tcase_add_test(t, what_is_rolled_back_was_never_there);
	tcase_add_test(t, calls_in_the_wrong_order_are_refused);
	tcase_add_test(t, readers_see_whole_jobs);
	tcase_add_test(t, conditions_keep_their_order);
	tcase_add_test(t, one_name_twice_is_two_tests);
	tcase_add_test(t, suites_tell_tests_apart);
	tcase_add_test(t, a_rerun_meets_the_test_of_its_file);
	tcase_add_test(t, a_rerun_may_not_name_the_file);
	tcase_add_loop_test(t, a_later_round_meets_what_was_before, 0, sizeof(rounds) / sizeof(*rounds));
	tcase_add_test(t, a_flaky_test_keeps_its_first_message);
	tcase_add_test(t, what_failed_late_says_why);
	tcase_add_test(t, a_rerun_of_one_of_two_meets_the_failed_one);
	tcase_add_test(t, a_rerun_may_bring_more_tests);
	tcase_add_test(t, quarantined_tests_are_counted_apart);
	tcase_add_test(t, the_same_warning_in_one_place_is_one_finding);
	tcase_add_test(t, without_a_line_nothing_is_the_same);
	tcase_add_test(t, many_of_one_fingerprint_are_all_kept);
	tcase_add_test(t, the_worse_of_two_stays);
	tcase_add_test(t, findings_are_counted_by_kind_and_severity);
	tcase_add_test(t, lines_are_counted_once);
	tcase_add_test(t, branches_keep_the_larger_figure);
	tcase_add_test(t, files_that_alternate_come_together);
	tcase_add_test(t, a_blob_gives_back_what_went_in);
	tcase_add_loop_test(t, a_damaged_blob_is_told, 0, 7);
	tcase_add_test(t, metrics_components_and_images);
	tcase_add_test(t, a_run_may_keep_what_a_job_said_in_another);
	tcase_add_test(t, gc_leaves_no_word_behind);
	tcase_add_test(t, a_sweep_follows_the_history);
	tcase_add_test(t, a_sweep_makes_nothing);
	tcase_add_test(t, a_new_history_moves_the_old_evidence_away);
	tcase_add_test(t, a_newer_database_is_refused);
	suite_add_tcase(suite, t);
	return suite;
}
