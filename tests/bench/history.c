/* Fills a state directory with so many finished runs of five jobs, for the rows of `pipe history` and `pipe show`:
 * history STATE_DIRECTORY RUNS */
#include "runner/store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { JOBS = 5, GROUP = 1000 };

static int add_run(struct store *s, int64_t start, pipe_error *err)
{
	static const char *const names[JOBS] = { "compile", "lint", "unit", "integration", "package" };
	struct store_run run = { .nonce = "0123456789abcdef0123456789abcdef",
				 .created_ms = start,
				 .file = ".gitlab-ci.yml",
				 .name = "",
				 .source = "push",
				 .commit_sha = "0123456789abcdef0123456789abcdef01234567",
				 .branch = "main",
				 .title = "a change",
				 .parent_job = -1,
				 .definition = "a: {script: [x]}\n",
				 .variables = "{}",
				 .options = "{}",
				 .jobs = JOBS };
	int64_t number;
	int rc = store_run_create(s, &run, &number, err);

	for (uint32_t i = 0; rc == PIPE_OK && i < JOBS; i++) {
		struct store_job job = { .index = i, .name = names[i], .stage = "test", .status = PIPE_STATUS_WAITING };
		struct store_change change = {
			.job = i, .attempt = 1, .status = PIPE_STATUS_RUNNING, .time_ms = start, .exit_code = -1, .coverage = -1
		};
		rc = store_job_create(s, number, &job, err);
		if (rc == PIPE_OK)
			rc = store_job_change(s, number, &change, err);
		change.status = PIPE_STATUS_SUCCESS;
		change.time_ms += 100;
		change.exit_code = 0;
		if (rc == PIPE_OK)
			rc = store_job_change(s, number, &change, err);
	}
	return rc ? rc : store_run_finish(s, number, PIPE_STATUS_SUCCESS, start + 500, err);
}

int main(int argc, char **argv)
{
	struct store *s = NULL;
	pipe_error err = { 0 };
	long runs = argc == 3 ? atol(argv[2]) : 0;
	int rc = argc == 3 ? store_open(&s, argv[1], STORE_WRITE, false, &err) : PIPE_EUSAGE;

	for (long i = 0; rc == PIPE_OK && i < runs; i++) {
		rc = add_run(s, 1700000000000 + i * 60000, &err);
		if (rc == PIPE_OK && i % GROUP == GROUP - 1)
			rc = store_commit(s, &err);
	}
	if (rc == PIPE_OK)
		rc = store_commit(s, &err);
	store_free(s);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	return rc != PIPE_OK;
}
