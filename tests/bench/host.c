/* A host program with so many megabytes resident that runs a project's pipeline through libpipe, and prints how many seconds that
 * took, the best of some times: host DIRECTORY MEGABYTES
 * Filling the memory is not part of it, nor what the system is busy with just after: a machine that has handed out 500 MB runs other
 * processes up to a fifth slower for some tenths of a second, whoever asked for the memory. */
#include "pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 3 };

static void settle(void)
{
	const struct timespec pause = { 0, 700 * 1000000L };

	nanosleep(&pause, NULL);
}

static int run_once(const char *directory, double *took)
{
	pipe_project_options where = PIPE_PROJECT_OPTIONS_INIT;
	pipe_run_options how = PIPE_RUN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	pipe_run *run = NULL;
	pipe_error err = { 0 };
	struct timespec from, to;
	int rc;

	where.directory = directory;
	how.max_jobs = 2;
	clock_gettime(CLOCK_MONOTONIC, &from);
	rc = pipe_project_open(&project, &where, &err);
	if (rc == PIPE_OK)
		rc = pipe_plan_load(&plan, project, NULL, &err);
	if (rc == PIPE_OK)
		rc = pipe_run_start(&run, project, plan, &how, &err);
	if (rc == PIPE_OK)
		rc = pipe_run_wait(run, &err);
	if (rc == PIPE_OK && pipe_run_status(run) != PIPE_STATUS_SUCCESS)
		rc = 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	*took = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	pipe_run_free(run);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return rc;
}

int main(int argc, char **argv)
{
	size_t size = argc == 3 ? (size_t)atol(argv[2]) << 20 : 0;
	char *ballast = malloc(size + 1);
	double best = 0, took;
	int rc = 0;

	if (argc != 3 || !ballast)
		return 2;
	memset(ballast, 1, size + 1);
	settle();
	for (int i = 0; !rc && i < RUNS; i++) {
		rc = run_once(argv[1], &took);
		if (!i || took < best)
			best = took;
	}
	if (!rc)
		printf("%.6f\n", best);
	rc = rc || ballast[size / 2] != 1;
	free(ballast);
	return rc;
}
