/* A scratch state directory with an evidence.db, and short ways to put things into it. */
#ifndef TESTS_UNIT_EVIDENCE_FIXTURE_H
#define TESTS_UNIT_EVIDENCE_FIXTURE_H

#include "base/error.h"
#include "runner/evidence/evidence.h"
#include "tests/unit/expect.h"
#include "tests/unit/scratch.h"
#include <check.h>
#include <math.h>
#include <sqlite3.h>

static struct scratch s;
static struct store *store;
static struct evidence_db *db;

static const struct report_format everything = { .name = "everything",
						 .gives = GIVES_TESTS | GIVES_COVERAGE | GIVES_ISSUES | GIVES_WARNINGS };

static inline void setup(void)
{
	scratch_make(&s);
	ok(store_open(&store, s.root, STORE_WRITE, false, &err)); /* first: a history made anew has no evidence */
	ok(evidence_open(&db, s.root, STORE_WRITE, &err));
}

static inline void teardown(void)
{
	evidence_free(db);
	store_free(store);
	db = NULL;
	store = NULL;
	scratch_remove(&s);
}

/* A number out of the database itself. */
static inline int64_t number(const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *raw = NULL;
	int64_t value;

	ck_assert_int_eq(sqlite3_open(scratch_path(&s, "evidence.db"), &raw), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(raw));
	ck_assert_msg(sqlite3_step(stmt) == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(raw));
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(raw);
	return value;
}

static const int64_t T = 1700000000000;

/* A run in the history, of the file and branch, that ended so, five seconds after it began and before the next one; with the jobs
 * "unit", "lint" and "gate". */
static inline int64_t a_run(const char *file, const char *branch, enum pipe_status status)
{
	static const char *const names[] = { "unit", "lint", "gate" };
	static int64_t runs;
	const int64_t began_ms = T + 5000 * runs++;
	struct store_run run = { .nonce = "00112233445566778899aabbccddeeff",
				 .created_ms = began_ms,
				 .file = file,
				 .name = "",
				 .source = "push",
				 .commit_sha = "c0ffee",
				 .branch = branch,
				 .title = "",
				 .parent_job = -1,
				 .definition = "",
				 .variables = "{\"CI_DEFAULT_BRANCH\": \"main\"}",
				 .options = "{}",
				 .jobs = 3 };
	int64_t made = 0;

	ok(store_run_create(store, &run, &made, &err));
	for (uint32_t i = 0; i < 3; i++) {
		struct store_job job = { .index = i, .name = names[i], .stage = "test", .status = PIPE_STATUS_SUCCESS };

		ok(store_job_create(store, made, &job, &err));
	}
	if (status != PIPE_STATUS_RUNNING)
		ok(store_run_finish(store, made, status, began_ms + 5000, &err));
	ok(store_commit(store, &err));
	return made;
}

static inline void begin(int64_t run, uint32_t job, const char *name, uint32_t round)
{
	char base[64];

	snprintf(base, sizeof(base), "%.*s", (int)strcspn(name, " :"), name);
	ok(evidence_begin(db, run, job, name, base, round, &err));
}

static inline struct evidence_totals commit(void)
{
	struct evidence_totals t;

	ok(evidence_commit(db, &t, &err));
	return t;
}

static inline struct evidence_test a_test(const char *suite, const char *name, enum test_status status)
{
	return (struct evidence_test){ .suite = suite,
				       .name = name,
				       .file = "",
				       .status = (uint8_t)status,
				       .duration_us = -1,
				       .message = "",
				       .details = "" };
}

static inline void put_test(struct evidence_test t)
{
	const struct evidence_sink *sink = evidence_sink(db);

	ok(sink->test(sink->payload, &t, &err));
}

static inline void test_is(const char *suite, const char *name, enum test_status status)
{
	put_test(a_test(suite, name, status));
}

static inline void failure(const char *suite, const char *name, const char *message)
{
	struct evidence_test t = a_test(suite, name, TEST_FAILED);

	t.message = message;
	put_test(t);
}

static inline void covered(const char *path, uint32_t line, uint64_t hits)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_line l = { .path = path, .line = line, .hits = hits };

	ok(sink->line(sink->payload, &l, &err));
}

static inline struct evidence_finding a_finding(const char *rule, const char *path, uint32_t line, const char *message)
{
	return (struct evidence_finding){ .kind = FINDING_ISSUE,
					  .severity = SEVERITY_MEDIUM,
					  .tool = "cppcheck",
					  .rule = rule,
					  .path = path,
					  .line = line,
					  .column = 1,
					  .message = message,
					  .fingerprint = "",
					  .package = "",
					  .installed = "",
					  .fixed = "",
					  .url = "" };
}

static inline void put_finding(struct evidence_finding f)
{
	const struct evidence_sink *sink = evidence_sink(db);

	ok(sink->finding(sink->payload, &f, &err));
}

static inline void finding(const char *rule, const char *path, uint32_t line, const char *message)
{
	put_finding(a_finding(rule, path, line, message));
}

#endif
