/*
 * A host that has an event loop of its own (libuv): several projects run at once on one thread, beside whatever else the loop
 * does - here a clock that says how far they are.  Build: cc loop.c $(pkg-config --cflags --libs libpipe libuv)
 *
 *   loop DIRECTORY...
 *
 * Exit status 0: all pipelines succeeded.
 */
#include <pipe.h>

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct host {
	uv_timer_t clock;
	unsigned running; /* projects whose run has not ended */
	unsigned jobs;	  /* that have ended, in all of them */
};

struct guest {
	struct host *host;
	pipe_project *project;
	pipe_plan *plan;
	pipe_run *run;
	int failed;
};

static void on_event(void *payload, const pipe_event *e)
{
	struct guest *guest = payload;
	struct host *host = guest->host;

	if (e->kind == PIPE_EVENT_JOB_FINISHED)
		host->jobs++;
	if (e->kind != PIPE_EVENT_RUN_FINISHED)
		return;
	printf("%s: run %lld: %s\n", pipe_project_directory(guest->project), (long long)e->run, pipe_status_name(e->status));
	guest->failed = e->status != PIPE_STATUS_SUCCESS;
	if (--host->running == 0)
		uv_timer_stop(&host->clock);
}

static void on_clock(uv_timer_t *clock)
{
	struct host *host = clock->data;

	printf("%u jobs done, %u pipelines go on\n", host->jobs, host->running);
}

/* The run starts here and goes on when the loop does. */
static int start(struct guest *guest, const char *directory, uv_loop_t *loop, pipe_error *err)
{
	pipe_project_options where = PIPE_PROJECT_OPTIONS_INIT;
	pipe_run_options how = PIPE_RUN_OPTIONS_INIT;
	int rc;

	where.directory = directory;
	how.loop = loop;
	how.on_event = on_event;
	how.payload = guest;
	rc = pipe_project_open(&guest->project, &where, err);
	if (rc == PIPE_OK)
		rc = pipe_plan_load(&guest->plan, guest->project, NULL, err);
	if (rc == PIPE_OK)
		rc = pipe_run_start(&guest->run, guest->project, guest->plan, &how, err);
	return rc;
}

/* A run is freed while its loop can still turn: it may have handles there to close. */
static void finish(struct guest *guest)
{
	pipe_run_free(guest->run);
	pipe_plan_free(guest->plan);
	pipe_project_free(guest->project);
}

int main(int argc, char **argv)
{
	struct guest *guests = calloc((size_t)argc, sizeof(*guests));
	struct host host = { .running = 0 };
	pipe_error err = { 0 };
	uv_loop_t loop;
	int failed = 0;

	if (!guests || uv_loop_init(&loop))
		return 3;
	uv_timer_init(&loop, &host.clock);
	host.clock.data = &host;
	for (int i = 1; i < argc; i++) {
		guests[i].host = &host;
		if (start(&guests[i], argv[i], &loop, &err)) {
			fprintf(stderr, "%s: %s\n", argv[i], err.text);
			failed = 1;
		} else {
			host.running++;
		}
	}
	if (host.running)
		uv_timer_start(&host.clock, on_clock, 100, 100);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (int i = 1; i < argc; i++) {
		failed |= guests[i].failed;
		finish(&guests[i]);
	}
	uv_close((uv_handle_t *)&host.clock, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop)) {
		fprintf(stderr, "something is left on the loop\n");
		failed = 1;
	}
	free(guests);
	return failed;
}
