/*
 * What the history costs: opening it, writing a job's life, and reading it when it is long.  Arguments: a directory to work in, and
 * the number of runs (100,000).  Prints one row a line: name, figure, unit; and for what has a goal the ratio and the goal.
 */
#include "runner/store/store.h"
#include "runner/history/state.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { JOBS = 5, SMALL = 100, REPEAT = 200, ROUNDS = 5 };

static const char definition[] = "stages: [build, test]\nbuild:\n  script: [make]\ntest:\n  script: [make test]\n";

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(int rc, const pipe_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "bench: %s\n", err->text);
	exit(1);
}

static void row(const char *name, double value, const char *unit)
{
	printf("%-44s %12.1f %s\n", name, value, unit);
}

static int64_t create(struct store *s, unsigned jobs)
{
	struct store_run run = { .nonce = "0123456789abcdef0123456789abcdef",
				 .created_ms = 1700000000000,
				 .file = ".gitlab-ci.yml",
				 .source = "push",
				 .commit_sha = "da39a3ee5e6b4b0d3255bfef95601890afd80709",
				 .branch = "main",
				 .title = "one more change",
				 .parent_job = -1,
				 .definition = definition,
				 .variables = "{\"CI\":\"true\"}",
				 .options = "{}",
				 .jobs = jobs };
	char name[32];
	pipe_error err;
	int64_t number;

	must(store_run_create(s, &run, &number, &err), &err);
	for (unsigned i = 0; i < jobs; i++) {
		struct store_job job = { i, name, "test", PIPE_STATUS_WAITING, false, NULL };

		snprintf(name, sizeof(name), "job-%u", i);
		must(store_job_create(s, number, &job, &err), &err);
	}
	return number;
}

static void change(struct store *s, int64_t run, unsigned job, enum pipe_status status)
{
	struct store_change c = { .job = job,
				  .attempt = 1,
				  .status = status,
				  .time_ms = 1700000000000 + job,
				  .coverage = -1,
				  .exit_code = status == PIPE_STATUS_SUCCESS ? 0 : -1,
				  .pid = status == PIPE_STATUS_RUNNING ? 4711 : 0 };
	pipe_error err;

	must(store_job_change(s, run, &c, &err), &err);
}

static void commit(struct store *s)
{
	pipe_error err;

	must(store_commit(s, &err), &err);
}

static struct store *open_store(const char *directory, enum store_mode mode, bool durable)
{
	struct store *s;
	pipe_error err;

	must(store_open(&s, directory, mode, durable, &err), &err);
	return s;
}

static void bench_open(const char *directory)
{
	double start = now_us();
	struct store *s = open_store(directory, STORE_WRITE, false);

	row("open for writing, new", now_us() - start, "us");
	create(s, 1);
	commit(s);
	store_free(s);
	start = now_us();
	for (int i = 0; i < REPEAT; i++)
		store_free(open_store(directory, STORE_WRITE, false));
	row("open for writing and close", (now_us() - start) / REPEAT, "us");
	start = now_us();
	for (int i = 0; i < REPEAT; i++)
		store_free(open_store(directory, STORE_READ, false));
	row("open for reading and close", (now_us() - start) / REPEAT, "us");
}

/* A run of one job, from opening to closing. */
static void bench_one(const char *directory)
{
	double start = now_us();
	pipe_error err;

	for (int i = 0; i < REPEAT; i++) {
		struct store *s = open_store(directory, STORE_WRITE, false);
		int64_t run = create(s, 1);

		commit(s);
		change(s, run, 0, PIPE_STATUS_RUNNING);
		commit(s);
		change(s, run, 0, PIPE_STATUS_SUCCESS);
		must(store_run_finish(s, run, PIPE_STATUS_SUCCESS, 1700000001000, &err), &err);
		commit(s);
		store_free(s);
	}
	row("a run of one job, open to close", (now_us() - start) / REPEAT, "us");
}

/* Each commit covers the end of one job and the start of the next, as in a busy run. */
static double bench_life(const char *directory, unsigned jobs, bool durable)
{
	struct store *s = open_store(directory, STORE_WRITE, durable);
	int64_t run = create(s, jobs);
	double start, took;
	pipe_error err;

	commit(s);
	start = now_us();
	for (unsigned i = 0; i <= jobs; i++) {
		if (i)
			change(s, run, i - 1, PIPE_STATUS_SUCCESS);
		if (i < jobs)
			change(s, run, i, PIPE_STATUS_RUNNING);
		commit(s);
	}
	took = now_us() - start;
	start = now_us();
	must(store_run_finish(s, run, PIPE_STATUS_SUCCESS, 1700000009000, &err), &err);
	commit(s);
	if (jobs > 1000)
		row("finishing a run of 10,000 jobs", now_us() - start, "us");
	start = now_us();
	store_free(s);
	if (jobs > 1000)
		row("closing after it", now_us() - start, "us");
	return took / jobs;
}

static void fill(const char *directory, unsigned runs)
{
	struct store *s = open_store(directory, STORE_WRITE, false);
	pipe_error err;

	for (unsigned i = 0; i < runs; i++) {
		int64_t run = create(s, JOBS);

		for (unsigned j = 0; j < JOBS; j++) {
			change(s, run, j, PIPE_STATUS_RUNNING);
			change(s, run, j, PIPE_STATUS_SUCCESS);
		}
		must(store_run_finish(s, run, PIPE_STATUS_SUCCESS, 1700000009000, &err), &err);
		if (i % 500 == 499)
			commit(s);
	}
	commit(s);
	store_free(s);
}

static int see_run(void *payload, const pipe_run_record *run)
{
	(void)run;
	++*(unsigned *)payload;
	return 0;
}

static int see_job(void *payload, const pipe_job_record *job)
{
	(void)job;
	++*(unsigned *)payload;
	return 0;
}

static int see_duration(void *payload, const char *name, int64_t ms)
{
	(void)name;
	(void)ms;
	++*(unsigned *)payload;
	return 0;
}

static int see_lost(void *payload, const struct store_lost *lost)
{
	(void)lost;
	++*(unsigned *)payload;
	return 0;
}

struct figures {
	double list, show, durations, lost;
};

/* Everything with its opening, as the commands do it. */
static struct figures bench_read(const char *directory)
{
	struct figures f = { 0 };
	unsigned count = 0;
	pipe_error err;
	double start;

	for (int i = 0; i < REPEAT; i++) {
		struct store *s;

		start = now_us();
		s = open_store(directory, STORE_READ, false);
		must(store_runs(s, 0, 20, see_run, &count, &err), &err);
		store_free(s);
		f.list += (now_us() - start) / REPEAT;
		start = now_us();
		s = open_store(directory, STORE_READ, false);
		must(store_run(s, 0, see_run, &count, &err), &err);
		must(store_jobs(s, 0, see_job, &count, &err), &err);
		f.show += (now_us() - start) / REPEAT;
		start = now_us();
		must(store_durations(s, ".gitlab-ci.yml", see_duration, &count, &err), &err);
		f.durations += (now_us() - start) / REPEAT;
		start = now_us();
		must(store_lost_runs(s, see_lost, &count, &err), &err);
		f.lost += (now_us() - start) / REPEAT;
		store_free(s);
	}
	return f;
}

static void compare(const char *name, double small, double large, unsigned runs)
{
	char title[80];

	snprintf(title, sizeof(title), "%s at %u runs", name, runs);
	printf("%-44s %12.1f us   ratio to %d runs %.2f (goal <= 2.00)\n", title, large, SMALL, large / small);
}

static const char *below(const char *directory, const char *name)
{
	static char paths[8][4096];
	static unsigned next;
	char *path = paths[next++ % 8];
	uint64_t bytes = 0;

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	tree_remove(AT_FDCWD, path, &bytes, NULL);
	return path;
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : "/tmp/pipe-bench-store";
	unsigned runs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100000;
	struct figures small, large;
	double start, life;
	const char *path;

	path = below(directory, "open");
	bench_open(path);
	bench_one(path);
	life = bench_life(below(directory, "life"), 10000, false);
	for (int i = 0; i < ROUNDS; i++) { /* the best: the machine does other things as well */
		double again = bench_life(below(directory, "life"), 1000, false);

		life = again < life ? again : life;
	}
	printf("%-44s %12.1f us   (goal <= 25)\n", "a job's life, commits included", life);
	row("the same, durable", bench_life(below(directory, "durable"), 500, true), "us");
	path = below(directory, "small");
	fill(path, SMALL);
	small = bench_read(path);
	path = below(directory, "large");
	start = now_us();
	fill(path, runs);
	row("filling, a run of 5 jobs", (now_us() - start) / runs, "us");
	large = bench_read(path);
	compare("list of 20", small.list, large.list, runs);
	compare("show the last", small.show, large.show, runs);
	compare("durations", small.durations, large.durations, runs);
	compare("lost runs", small.lost, large.lost, runs);
	below(directory, "");
	return 0;
}
