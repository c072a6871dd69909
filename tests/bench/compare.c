/*
 * Two runs with so many tests and findings each, for the rows of `pipe compare`: compare STATE_DIRECTORY TESTS FINDINGS.  Of the later
 * run every thousandth test fails, every thousandth finding is gone, and as many are new.  Prints what writing each run's tests and
 * findings costs, in microseconds a row.
 */
#include "runner/evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVERY = 1000, SUITES = 200, FILES = 500, RULES = 40 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int make_run(const char *state, int64_t *number, pipe_error *err)
{
	struct store_run run = { .nonce = "0123456789abcdef0123456789abcdef",
				 .created_ms = 1700000000000,
				 .file = ".gitlab-ci.yml",
				 .name = "",
				 .source = "push",
				 .commit_sha = "",
				 .branch = "main",
				 .title = "",
				 .parent_job = -1,
				 .definition = "unit: {script: [x]}\n",
				 .variables = "{}",
				 .options = "{}",
				 .jobs = 1 };
	struct store_job job = { .index = 0, .name = "unit", .stage = "test", .status = PIPE_STATUS_SUCCESS };
	struct store *s = NULL;
	int rc = store_open(&s, state, STORE_WRITE, false, err);

	if (!rc)
		rc = store_run_create(s, &run, number, err);
	if (!rc)
		rc = store_job_create(s, *number, &job, err);
	if (!rc)
		rc = store_run_finish(s, *number, PIPE_STATUS_SUCCESS, 1700000060000, err);
	if (!rc)
		rc = store_commit(s, err);
	store_free(s);
	return rc;
}

static int write_tests(const struct evidence_sink *sink, long count, bool later, pipe_error *err)
{
	char suite[64], name[96], file[64];
	struct evidence_test t = { .suite = suite, .name = name, .file = file, .details = "" };
	int rc = PIPE_OK;

	for (long i = 0; !rc && i < count; i++) {
		bool fails = later && i % EVERY == 0;

		snprintf(suite, sizeof(suite), "com.example.service.Suite%ldTest", i / (count / SUITES + 1));
		snprintf(name, sizeof(name), "handles_case_number_%ld_of_the_specification[%ld]", i, i * 7919 % 1000);
		snprintf(file, sizeof(file), "src/test/suite_%ld.c", i / (count / SUITES + 1));
		t.line = (uint32_t)(i % 3000 + 1);
		t.status = fails ? TEST_FAILED : TEST_PASSED;
		t.duration_us = i * 31 % 100000;
		t.message = fails ? "expected 1, got 2" : "";
		rc = sink->test(sink->payload, &t, err);
	}
	return rc;
}

static int write_findings(const struct evidence_sink *sink, long count, bool later, pipe_error *err)
{
	char path[64], rule[32], message[128];
	struct evidence_finding f = { .kind = FINDING_ISSUE,
				      .tool = "cppcheck",
				      .rule = rule,
				      .path = path,
				      .message = message,
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };
	int rc = PIPE_OK;

	for (long i = 0; !rc && i < count; i++) {
		snprintf(path, sizeof(path), "src/part_%ld/file.c", i / (count / FILES + 1));
		snprintf(rule, sizeof(rule), "rule%ld", i % RULES);
		snprintf(message, sizeof(message), "the value of variable v%ld%s is never used", i,
			 later && i % EVERY == 0 ? "x" : "");
		f.severity = (uint8_t)(i % SEVERITY_COUNT);
		f.line = (uint32_t)(i % 5000 + 1);
		f.column = 3;
		rc = sink->finding(sink->payload, &f, err);
	}
	return rc;
}

static int fill(struct evidence_db *db, int64_t run, long tests, long findings, bool later, pipe_error *err)
{
	const struct evidence_sink *sink = evidence_sink(db);
	double start, middle, end;
	int rc = evidence_begin(db, run, 0, "unit", "unit", 0, err);

	start = now_us();
	if (!rc)
		rc = write_tests(sink, tests, later, err);
	middle = now_us();
	if (!rc)
		rc = write_findings(sink, findings, later, err);
	end = now_us();
	if (!rc)
		rc = evidence_commit(db, NULL, err);
	if (!rc)
		printf("run %lld: tests %.2f us each, findings %.2f us each, commit %.0f ms\n", (long long)run,
		       tests ? (middle - start) / (double)tests : 0, findings ? (end - middle) / (double)findings : 0,
		       (now_us() - end) / 1000);
	return rc;
}

int main(int argc, char **argv)
{
	struct evidence_db *db = NULL;
	int64_t earlier = 0, later = 0;
	pipe_error err = { 0 };
	long tests = argc == 4 ? atol(argv[2]) : 0, findings = argc == 4 ? atol(argv[3]) : 0;
	int rc = argc == 4 ? make_run(argv[1], &earlier, &err) : PIPE_EUSAGE;

	if (rc == PIPE_OK)
		rc = make_run(argv[1], &later, &err);
	if (rc == PIPE_OK)
		rc = evidence_open(&db, argv[1], STORE_WRITE, &err);
	if (rc == PIPE_OK)
		rc = fill(db, earlier, tests, findings, false, &err);
	if (rc == PIPE_OK)
		rc = fill(db, later, tests, findings, true, &err);
	evidence_free(db);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	return rc != PIPE_OK;
}
