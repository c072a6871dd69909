/*
 * A complete host program: two threads, each with a project of its own, run a pipeline at the same time through libpipe and hear
 * its events.  Build: cc embed.c $(pkg-config --cflags --libs libpipe) -lpthread
 *
 *   embed DIRECTORY DIRECTORY
 *
 * Each directory holds a pipeline file.  Exit status 0: both pipelines succeeded.
 */
#include <pipe.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct host {
	const char *directory;
	unsigned finished; /* jobs that have ended */
	int result;
};

static void on_event(void *payload, const pipe_event *e)
{
	struct host *host = payload;

	if (e->kind != PIPE_EVENT_JOB_FINISHED)
		return;
	host->finished++;
	printf("%s: %s %s\n", host->directory, e->job, pipe_status_name(e->status));
}

static void print_problems(const pipe_plan *plan)
{
	const pipe_diagnostic *d;

	for (size_t i = 0; (d = pipe_plan_diagnostic(plan, i)); i++)
		fprintf(stderr, "%s:%u:%u: %s\n", d->file, d->line, d->column, d->message);
}

static int run_project(struct host *host, pipe_error *err)
{
	pipe_project_options where = PIPE_PROJECT_OPTIONS_INIT;
	pipe_run_options how = PIPE_RUN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	pipe_run *run = NULL;
	int rc;

	where.directory = host->directory;
	how.max_jobs = 2;
	how.on_event = on_event;
	how.payload = host;

	rc = pipe_project_open(&project, &where, err);
	if (rc == PIPE_OK)
		rc = pipe_plan_load(&plan, project, NULL, err);
	if (plan)
		print_problems(plan);
	if (rc == PIPE_OK)
		rc = pipe_run_start(&run, project, plan, &how, err);
	if (rc == PIPE_OK)
		rc = pipe_run_wait(run, err);
	if (rc == PIPE_OK && pipe_run_status(run) != PIPE_STATUS_SUCCESS)
		rc = 1;
	pipe_run_free(run);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return rc;
}

static void *thread(void *payload)
{
	struct host *host = payload;
	pipe_error err = { 0 };

	host->result = run_project(host, &err);
	if (host->result < 0)
		fprintf(stderr, "%s: %s\n", host->directory, err.text);
	return NULL;
}

int main(int argc, char **argv)
{
	struct host hosts[2];
	pthread_t threads[2];

	if (argc != 3) {
		fprintf(stderr, "usage: %s DIRECTORY DIRECTORY\n", argv[0]);
		return 2;
	}
	memset(hosts, 0, sizeof(hosts));
	for (int i = 0; i < 2; i++) {
		hosts[i].directory = argv[i + 1];
		if (pthread_create(&threads[i], NULL, thread, &hosts[i]))
			return 3;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return hosts[0].result || hosts[1].result;
}
