/* Cursors over the evidence: the same rows as the callbacks get, one at a time, for as long as somebody wants them. */
#include "runner/evidence/compare.h"
#include "runner/evidence/cursor.h"
#include "tests/unit/evidence_fixture.h"

Suite *evidence_cursor_suite(void);

static struct str seen, read_;

static void begin_texts(void)
{
	setup();
	str_init(&seen);
	str_init(&read_);
}

static void end_texts(void)
{
	str_clear(&seen);
	str_clear(&read_);
	teardown();
}

/* ---- a line a row ---- */

static void write_test_line(struct str *out, uint32_t job, const struct evidence_test *t)
{
	str_printf(out, "%u %s/%s %s:%u %s %d %lld %s|%s %u %d\n", job, t->suite, t->name, t->file, t->line,
		   test_status_name((enum test_status)t->status), t->expected, (long long)t->duration_us, t->message, t->details,
		   t->failures, t->quarantined);
}

static void write_finding_line(struct str *out, uint32_t job, const struct evidence_finding *f, const unsigned char *fingerprint)
{
	str_printf(out, "%u %s %s %d %s %s %s:%u:%u-%u %s %s %s %s %s %02x%02x\n", job,
		   finding_kind_name((enum finding_kind)f->kind), severity_name((enum severity)f->severity), f->suppressed,
		   f->tool, f->rule, f->path, f->line, f->column, f->end_line, f->message, f->package, f->installed, f->fixed,
		   f->url, fingerprint[0], fingerprint[15]);
}

static int on_test(void *payload, uint32_t job, const struct evidence_test *t)
{
	write_test_line(payload, job, t);
	return 0;
}

static int on_finding(void *payload, uint32_t job, const struct evidence_finding *f, const unsigned char fingerprint[16])
{
	write_finding_line(payload, job, f, fingerprint);
	return 0;
}

/* ---- two jobs with a bit of everything ---- */

static void fill(int64_t run)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_test t = a_test("suite", "slow", TEST_FLAKY);
	struct evidence_finding f = a_finding("CVE-1", "lock", 0, "overflow");

	begin(run, 0, "unit 1/2", 0);
	t.duration_us = 2500000;
	t.file = "a_test.c";
	t.line = 12;
	t.failures = 2;
	put_test(t);
	failure("suite", "red", "boom");
	t = a_test("suite", "shaky", TEST_FAILED);
	t.quarantined = true;
	put_test(t);
	finding("rule", "a.c", 3, "one that both have");
	f.kind = FINDING_VULNERABILITY;
	f.severity = SEVERITY_HIGH;
	f.package = "zlib";
	f.installed = "1.2";
	f.fixed = "1.3";
	put_finding(f);
	commit();
	begin(run, 1, "lint", 0);
	test_is("other", "fine", TEST_PASSED);
	finding("rule", "a.c", 3, "one that both have");
	f.severity = SEVERITY_LOW;
	f.rule = "CVE-2";
	f.fixed = "";
	f.suppressed = true;
	put_finding(f);
	ok(sink->metric(sink->payload, &(struct evidence_metric){ "size", "a=\"1\"", 3.5, "bytes", "" }, &err));
	ok(sink->component(sink->payload, &(struct evidence_component){ "zlib", "1.2", "library", "pkg:x", "Zlib" }, &err));
	ok(sink->image(sink->payload, &(struct evidence_image){ "app:1", "sha256:00", 1000 }, &err));
	ok(evidence_condition(db, &(struct stage_condition){ "coverage", "70 %", "at least 80 %", "fail", "" }, &err));
	commit();
}

/* ---- the same rows ---- */

static void same_tests(struct scopes scopes, const struct test_question *question)
{
	struct query c;
	struct evidence_test t;
	int rc;

	str_reset(&seen);
	str_reset(&read_);
	ok(read_tests(db, scopes, question, on_test, &read_, &err));
	ok(cursor_tests(&c, db, scopes, question, &err));
	while ((rc = query_step(&c, NULL)) == 1) {
		ok(row_test(&c, &t, &err));
		write_test_line(&seen, row_job(&c), &t);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(query_step(&c, NULL), 0); /* and stays there */
	query_end(&c);
	ck_assert_str_eq(seen.data, read_.data);
}

static void same_findings(struct scopes scopes, const struct finding_question *question)
{
	struct query c;
	struct evidence_finding f;
	const unsigned char *fingerprint;
	int rc;

	str_reset(&seen);
	str_reset(&read_);
	ok(read_findings(db, scopes, question, on_finding, &read_, &err));
	ok(cursor_findings(&c, db, scopes, question, &err));
	while ((rc = query_step(&c, NULL)) == 1) {
		ok(row_finding(&c, &f, &fingerprint, &err));
		write_finding_line(&seen, row_job(&c), &f, fingerprint);
	}
	ck_assert_int_eq(rc, 0);
	query_end(&c);
	ck_assert_str_eq(seen.data, read_.data);
}

START_TEST(tests_are_those_that_callbacks_get)
{
	static const struct {
		struct test_question question;
		const char *has, *has_not;
	} rows[] = { { { 0 }, "suite/red", "suite/shaky" },
		     { { .quarantined = 1 }, "suite/shaky", "suite/nobody" },
		     { { .quarantined = 2 }, "suite/shaky", "suite/red" },
		     { { .statuses = 1u << TEST_FLAKY }, "a_test.c:12 flaky 0 2500000 | 2 0", "suite/red" },
		     { { .slowest = true, .limit = 1 }, "suite/slow", "suite/red" } };

	fill(1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		same_tests(scopes_of(1, ALL_JOBS), &rows[i].question);
		ck_assert_msg(strstr(seen.data, rows[i].has) && !strstr(seen.data, rows[i].has_not), "%zu: %s", i, seen.data);
	}
	same_tests(scopes_of(1, 1), &rows[0].question);
	ck_assert(strstr(seen.data, "1 other/fine") && !strstr(seen.data, "suite/red"));
	same_tests(scopes_of(2, ALL_JOBS), &rows[0].question);
	ck_assert_str_eq(seen.data, "");
}
END_TEST

START_TEST(findings_are_those_that_callbacks_get)
{
	struct finding_question question = FINDING_QUESTION_INIT;

	fill(1);
	same_findings(scopes_of(1, ALL_JOBS), &question);
	ck_assert_ptr_nonnull(strstr(seen.data, "0 issue medium 0 cppcheck rule a.c:3:1-0 one that both have"));
	ck_assert_ptr_null(strstr(seen.data, "1 issue")); /* of the first job that has it */
	ck_assert_ptr_null(strstr(seen.data, "CVE-2"));
	question.suppressed = true;
	question.least = SEVERITY_LOW;
	question.kinds = 1u << FINDING_VULNERABILITY;
	same_findings(scopes_of(1, ALL_JOBS), &question);
	ck_assert(strstr(seen.data, "CVE-1") && strstr(seen.data, "CVE-2") && !strstr(seen.data, "both"));
	question.fixable = 1;
	question.rule = "CVE-1";
	question.tool = "cppcheck";
	same_findings(scopes_of(1, ALL_JOBS), &question);
	ck_assert(strstr(seen.data, "CVE-1") && !strstr(seen.data, "CVE-2"));
}
END_TEST

START_TEST(new_findings_are_those_of_this_side_alone)
{
	struct finding_question question = FINDING_QUESTION_INIT;

	fill(1);
	fill(2);
	begin(2, 2, "scan", 0);
	finding("rule", "new.c", 1, "new");
	commit();
	question.known = scopes_of(1, ALL_JOBS);
	same_findings(scopes_of(2, ALL_JOBS), &question);
	ck_assert(strstr(seen.data, "2 issue medium 0 cppcheck rule new.c") && !strstr(seen.data, "a.c"));
}
END_TEST

START_TEST(the_rest_is_read_row_by_row)
{
	struct scopes scopes = scopes_of(1, ALL_JOBS);
	struct query c;
	struct evidence_metric m;
	struct evidence_component part;
	struct evidence_image image;
	struct stage_condition condition;

	fill(1);
	ok(scopes_query(&c, db, EQ_METRICS, scopes, &err));
	ck_assert_int_eq(query_step(&c, NULL), 1);
	row_metric(&c, &m);
	ck_assert_uint_eq(row_job(&c), 1);
	ck_assert_str_eq(m.labels, "a=\"1\"");
	ck_assert(m.value == 3.5);
	ck_assert_int_eq(query_step(&c, NULL), 0);
	ok(scopes_query(&c, db, EQ_COMPONENTS, scopes, &err));
	ck_assert_int_eq(query_step(&c, NULL), 1);
	row_component(&c, &part);
	ck_assert_str_eq(part.licenses, "Zlib");
	query_end(&c);
	ok(scopes_query(&c, db, EQ_IMAGES, scopes, &err));
	ck_assert_int_eq(query_step(&c, NULL), 1);
	row_image(&c, &image);
	ck_assert_uint_eq(image.bytes, 1000);
	query_end(&c);
	ok(scopes_query(&c, db, EQ_CONDITIONS, scopes, &err));
	ck_assert_int_eq(query_step(&c, NULL), 1);
	row_condition(&c, &condition);
	ck_assert_str_eq(condition.bound, "at least 80 %");
	query_end(&c);
}
END_TEST

/* Each has a statement of its own, and one that is left in the middle is none in the way of the next. */
START_TEST(cursors_do_not_know_of_each_other)
{
	struct test_question question = { 0 };
	struct query a, b;
	struct evidence_test t, u;

	fill(1);
	ok(cursor_tests(&a, db, scopes_of(1, ALL_JOBS), &question, &err));
	ok(cursor_tests(&b, db, scopes_of(1, 1), &question, &err));
	ck_assert_int_eq(query_step(&a, NULL), 1);
	ck_assert_int_eq(query_step(&b, NULL), 1);
	ok(row_test(&a, &t, &err));
	ok(row_test(&b, &u, &err));
	ck_assert_str_eq(u.name, "fine");
	ck_assert_str_ne(t.name, "fine");
	query_end(&b);
	ck_assert_int_eq(query_step(&a, NULL), 1);
	query_end(&a);
	query_end(&a); /* twice is fine */
	same_tests(scopes_of(1, ALL_JOBS), &question);
}
END_TEST

START_TEST(damage_is_said)
{
	struct test_question question = { 0 };
	struct query c;
	struct evidence_test t;

	fill(1);
	scratch_sh(&s, "sqlite3 evidence.db 'UPDATE test SET status = 77 WHERE status = 0'");
	ok(cursor_tests(&c, db, scopes_of(1, 0), &question, &err));
	while (query_step(&c, NULL) == 1) {
		pipe_error err = { 0 };
		int rc = row_test(&c, &t, &err);

		if (rc) {
			ck_assert_int_eq(rc, PIPE_ESTORE);
			ck_assert_ptr_nonnull(strstr(err.text, "does not exist"));
			query_end(&c);
			return;
		}
	}
	ck_abort_msg("the damage was not seen");
}
END_TEST

/* ---- comparisons ---- */

START_TEST(pairs_come_one_after_the_other)
{
	struct test_comparison *c;
	struct test_pair pair;
	unsigned pairs = 0, fresh = 0;

	fill(1);
	fill(2);
	begin(2, 2, "more", 0);
	failure("suite", "newly", "red");
	commit();
	ok(test_comparison_open(&c, db, scopes_of(1, ALL_JOBS), scopes_of(2, ALL_JOBS), &err));
	while (test_comparison_next(c, &pair, NULL) == 1) {
		pairs++;
		fresh += test_pair_is_new(&pair);
	}
	ck_assert_uint_eq(pairs, 5);
	ck_assert_uint_eq(fresh, 1);
	ck_assert_int_eq(test_comparison_next(c, &pair, NULL), 0);
	test_comparison_close(c);
	test_comparison_close(NULL);
}
END_TEST

START_TEST(broken_after_failed_is_nothing_new)
{
	struct test_pair pair = {
		.has_before = true, .has_after = true, .before = { .status = TEST_FAILED }, .after = { .status = TEST_ERROR }
	};

	ck_assert(!test_pair_is_new(&pair));
	pair.before.status = TEST_PASSED;
	ck_assert(test_pair_is_new(&pair));
	pair.has_before = false;
	ck_assert(test_pair_is_new(&pair));
	pair = (struct test_pair){ .has_before = true };
	ck_assert(!test_pair_is_new(&pair));
}
END_TEST

/* ---- runs and jobs ---- */

START_TEST(runs_come_newest_first)
{
	struct store_runs_question question = { 0 };
	struct store_cursor *c;
	pipe_run_record run;

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "side", PIPE_STATUS_FAILED);
	a_run("other.yml", "main", PIPE_STATUS_SUCCESS);
	ok(store_runs_open(&c, store, &question, &err));
	for (int64_t expected = 3; expected; expected--) {
		ck_assert_int_eq(store_runs_next(c, &run, NULL), 1);
		ck_assert_int_eq(run.number, expected);
	}
	ck_assert_int_eq(store_runs_next(c, &run, NULL), 0);
	store_cursor_close(c);
	question = (struct store_runs_question){
		.before = 3, .branch = "main", .file = "ci.yml", .status = "success", .source = "push"
	};
	ok(store_runs_open(&c, store, &question, &err));
	ck_assert_int_eq(store_runs_next(c, &run, NULL), 1);
	ck_assert_int_eq(run.number, 1);
	ck_assert_int_eq(store_runs_next(c, &run, NULL), 0);
	store_cursor_close(c);
	store_cursor_close(NULL);
}
END_TEST

START_TEST(jobs_of_one_run_or_of_all)
{
	struct store_jobs_question question = { .name = "lint" };
	struct store_job job = { 3, "deploy", "deploy", PIPE_STATUS_SUCCESS, false, "production" };
	struct store_job_row row;
	struct store_cursor *c;

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	ok(store_job_create(store, 1, &job, &err));
	ok(store_commit(store, &err));
	ok(store_jobs_open(&c, store, &question, &err));
	ck_assert_int_eq(store_jobs_next(c, &row, NULL), 1);
	ck_assert_int_eq(row.run, 2);
	ck_assert_str_eq(row.job.name, "lint");
	ck_assert_int_eq(store_jobs_next(c, &row, NULL), 1);
	ck_assert_int_eq(row.run, 1);
	ck_assert_int_eq(store_jobs_next(c, &row, NULL), 0);
	store_cursor_close(c);
	question = (struct store_jobs_question){ .run = 1 };
	ok(store_jobs_open(&c, store, &question, &err));
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_int_eq(store_jobs_next(c, &row, NULL), 1);
		ck_assert_uint_eq(row.job.index, i);
	}
	ck_assert_str_eq(row.environment, "production");
	store_cursor_close(c); /* in the middle */
	question = (struct store_jobs_question){ .before = 2, .environment = "production", .status = "success" };
	ok(store_jobs_open(&c, store, &question, &err));
	ck_assert_int_eq(store_jobs_next(c, &row, NULL), 1);
	ck_assert_str_eq(row.job.name, "deploy");
	ck_assert_int_eq(store_jobs_next(c, &row, NULL), 0);
	store_cursor_close(c);
}
END_TEST

/* One that was written before jobs had an environment in it. */
START_TEST(an_older_history_is_brought_up_to_date)
{
	struct store_jobs_question question = { .run = 1 };
	struct store_job_row row;
	struct store_cursor *c;

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	store_free(store);
	scratch_sh(&s, "sqlite3 pipe.db 'DROP TABLE note; ALTER TABLE job DROP COLUMN environment; PRAGMA user_version = 1'");
	ok(store_open(&store, s.root, STORE_READ, false, &err));
	ok(store_jobs_open(&c, store, &question, &err));
	ck_assert_int_eq(store_jobs_next(c, &row, NULL), 1);
	ck_assert_str_eq(row.job.name, "unit");
	ck_assert_str_eq(row.environment, "");
	store_cursor_close(c);
}
END_TEST

Suite *evidence_cursor_suite(void)
{
	Suite *suite = suite_create("evidence_cursor");
	TCase *tc = tcase_create("evidence_cursor");

	tcase_add_checked_fixture(tc, begin_texts, end_texts);
	tcase_add_test(tc, tests_are_those_that_callbacks_get);
	tcase_add_test(tc, findings_are_those_that_callbacks_get);
	tcase_add_test(tc, new_findings_are_those_of_this_side_alone);
	tcase_add_test(tc, the_rest_is_read_row_by_row);
	tcase_add_test(tc, cursors_do_not_know_of_each_other);
	tcase_add_test(tc, damage_is_said);
	tcase_add_test(tc, pairs_come_one_after_the_other);
	tcase_add_test(tc, broken_after_failed_is_nothing_new);
	tcase_add_test(tc, runs_come_newest_first);
	tcase_add_test(tc, jobs_of_one_run_or_of_all);
	tcase_add_test(tc, an_older_history_is_brought_up_to_date);
	suite_add_tcase(suite, tc);
	return suite;
}
