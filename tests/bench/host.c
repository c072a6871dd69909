/* A host program with so many megabytes resident that runs a project's pipeline through libpipe, and prints how many seconds the run
 * took (filling the memory is not part of it): host DIRECTORY MEGABYTES */
#include "pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
	pipe_project_options where = PIPE_PROJECT_OPTIONS_INIT;
	pipe_run_options how = PIPE_RUN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	pipe_run *run = NULL;
	pipe_error err = { 0 };
	struct timespec from, to;
	size_t size = argc == 3 ? (size_t)atol(argv[2]) << 20 : 0;
	char *ballast = malloc(size + 1);
	int rc;

	if (argc != 3 || !ballast)
		return 2;
	memset(ballast, 1, size + 1);
	where.directory = argv[1];
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
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	else
		printf("%.6f\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	pipe_run_free(run);
	pipe_plan_free(plan);
	pipe_project_free(project);
	rc = rc || ballast[size / 2] != 1;
	free(ballast);
	return rc;
}
