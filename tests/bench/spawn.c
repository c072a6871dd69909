/*
 * What it costs to start jobs: N times a command, two at a time, through the executor `local` and in a bare loop of posix_spawn and
 * waitpid, in turns; wall time, own CPU time per job, and the ratio of the two.
 *
 * spawn [N [MEGABYTES [OPTIONS]]]: MEGABYTES are made resident first; OPTIONS is "s" (subreaper), "c" (cgroups) or both, "-": none.
 */
#include "runner/executor/executor.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARALLEL = 2, ROUNDS = 5 };

static const char *const arguments[] = { "sh", "-c", "true", NULL };
static const char *const environment[] = { "PATH=/usr/bin:/bin", "PIPE_TASK=bench/0", "HOME=/", "LANG=C", NULL };

struct bench {
	struct executor *executor;
	struct task_spec spec;
	unsigned left;
};

static double seconds(void)
{
	return (double)uv_hrtime() / 1e9;
}

static double own_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void on_output(void *context, const char *bytes, size_t length)
{
	(void)context, (void)bytes, (void)length;
}

static void start_one(struct bench *b)
{
	struct task *task;
	pipe_error err;

	if (!b->left)
		return;
	b->left--;
	if (b->executor->ops->start(b->executor, &b->spec, &task, &err) != PIPE_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

static void on_end(void *context, const struct task_result *result)
{
	if (result->end != TASK_EXITED || result->exit_code != 0)
		exit(1);
	start_one(context);
}

static void through_executor(unsigned n, const char *options)
{
	struct local_options o = { NULL, strchr(options, 's') != NULL, strchr(options, 'c') != NULL, "pipe-bench" };
	struct bench b = { 0 };
	pipe_error err;
	uv_loop_t loop;

	uv_loop_init(&loop);
	o.loop = &loop;
	if (executor_local_create(&b.executor, &o, &err) != PIPE_OK)
		exit(1);
	b.spec.argv = arguments;
	b.spec.envp = environment;
	b.spec.directory = "/";
	b.spec.mark = environment[1];
	b.spec.timeout_ms = 3600000;
	b.spec.on_output = on_output;
	b.spec.on_end = on_end;
	b.spec.context = &b;
	b.left = n;
	for (int i = 0; i < PARALLEL; i++)
		start_one(&b);
	uv_run(&loop, UV_RUN_DEFAULT);
	b.executor->ops->close(b.executor, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

static void start_bare(void)
{
	pid_t pid;

	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, (char *const *)(uintptr_t)arguments, (char *const *)(uintptr_t)environment))
		exit(1);
}

static void bare(unsigned n)
{
	unsigned started = 0;

	for (; started < PARALLEL && started < n; started++)
		start_bare();
	for (unsigned i = 0; i < n; i++) {
		waitpid(-1, NULL, 0);
		if (started < n) {
			start_bare();
			started++;
		}
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	size_t resident = argc > 2 ? (size_t)atoi(argv[2]) << 20 : 0;
	const char *options = argc > 3 ? argv[3] : "sc";
	double ratio[ROUNDS], wall[ROUNDS], floor_wall[ROUNDS], cpu[ROUNDS], floor_cpu[ROUNDS];
	char *memory = malloc(resident + 1);

	if (!memory || !n)
		return 1;
	memset(memory, 1, resident + 1);
	for (int i = 0; i < ROUNDS; i++) {
		double t = seconds(), c = own_cpu();
		bare(n);
		floor_wall[i] = seconds() - t;
		floor_cpu[i] = (own_cpu() - c) / n * 1e6;
		t = seconds(), c = own_cpu();
		through_executor(n, options);
		wall[i] = seconds() - t;
		cpu[i] = (own_cpu() - c) / n * 1e6;
		ratio[i] = wall[i] / floor_wall[i];
	}
	qsort(ratio, ROUNDS, sizeof(double), by_value);
	qsort(wall, ROUNDS, sizeof(double), by_value);
	qsort(floor_wall, ROUNDS, sizeof(double), by_value);
	qsort(cpu, ROUNDS, sizeof(double), by_value);
	qsort(floor_cpu, ROUNDS, sizeof(double), by_value);
	printf("%u jobs, %zu MB, options %s: executor %.0f ms, posix_spawn %.0f ms, ratio %.3f; CPU a job %.1f us against %.1f us\n",
	       n, resident >> 20, options, wall[ROUNDS / 2] * 1e3, floor_wall[ROUNDS / 2] * 1e3, ratio[ROUNDS / 2],
	       cpu[ROUNDS / 2], floor_cpu[ROUNDS / 2]);
	free(memory);
	return 0;
}
