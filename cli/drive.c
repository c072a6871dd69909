#include "cli/drive.h"

#include "cli/output/when.h"
#include "cli/signals.h"

#include <string.h>
#include <uv.h>

struct driver {
	struct cli *c;
	struct view *view;
	uv_loop_t loop;
	uv_prepare_t before_wait;
	uv_timer_t frames;
	int64_t run; /* its number */
	int cancels; /* that the view knows of */
};

static void on_event(void *payload, const pipe_event *event)
{
	struct driver *d = payload;

	if (event->kind == PIPE_EVENT_RUN_STARTED && !d->run)
		d->run = event->run;
	d->view->ops->event(d->view, event);
}

/* The library's own warnings take the same way as those of the run. */
static void on_note(void *payload, const char *message)
{
	struct driver *d = payload;
	pipe_event event = { .kind = PIPE_EVENT_WARNING, .time_ms = now_ms(), .run = d->run, .text = message };

	d->view->ops->event(d->view, &event);
}

static void look_at_signals(struct driver *d)
{
	int cancels = signals_cancels();

	if (cancels == d->cancels)
		return;
	d->cancels = cancels;
	if (d->view->ops->cancel)
		d->view->ops->cancel(d->view, cancels);
}

static void on_before_wait(uv_prepare_t *handle)
{
	struct driver *d = handle->data;

	look_at_signals(d);
	if (d->view->ops->turn)
		d->view->ops->turn(d->view);
}

static void on_frame(uv_timer_t *handle)
{
	struct driver *d = handle->data;

	look_at_signals(d);
	d->view->ops->frame(d->view);
}

static int start_handles(struct driver *d)
{
	unsigned ms = d->view->ops->frame_ms;
	int rc;

	rc = uv_prepare_init(&d->loop, &d->before_wait);
	if (rc)
		return rc;
	d->before_wait.data = d;
	uv_prepare_start(&d->before_wait, on_before_wait);
	rc = uv_timer_init(&d->loop, &d->frames);
	if (rc)
		return rc;
	d->frames.data = d;
	return ms ? uv_timer_start(&d->frames, on_frame, ms, ms) : 0;
}

/* Whatever is still open when the run has been freed is closed with it; the loop gets a few turns to say so. */
static void end_loop(struct driver *d)
{
	uv_close((uv_handle_t *)&d->before_wait, NULL);
	uv_close((uv_handle_t *)&d->frames, NULL);
	for (int i = 0; i < 16 && uv_run(&d->loop, UV_RUN_NOWAIT); i++)
		continue;
	uv_loop_close(&d->loop);
}

static int exit_status(const pipe_run *run)
{
	switch (pipe_run_status(run)) {
	case PIPE_STATUS_SUCCESS:
		return EXIT_OK;
	case PIPE_STATUS_CANCELLED:
		return EXIT_CANCELLED;
	default:
		return EXIT_JOB_FAILED;
	}
}

/* Drives the loop until the run has ended.  Waiting for it then only asks whether the machinery did its work. */
static int go(struct driver *d, pipe_run *run)
{
	pipe_error err = { 0 };
	int rc;

	while (pipe_run_status(run) == PIPE_STATUS_RUNNING)
		if (!uv_run(&d->loop, UV_RUN_ONCE))
			break;
	rc = pipe_run_wait(run, &err);
	look_at_signals(d);
	if (d->view->ops->end)
		d->view->ops->end(d->view);
	d->c->note = NULL;
	if (!rc)
		return exit_status(run);
	say_error(d->c, &err);
	return EXIT_ENVIRONMENT;
}

int drive(struct cli *c, pipe_project *project, const pipe_plan *plan, const pipe_run_options *options, struct view *view)
{
	struct driver d = { .c = c, .view = view };
	pipe_run_options o = *options;
	pipe_error err = { 0 };
	pipe_run *run = NULL;
	int status = EXIT_ENVIRONMENT, rc;

	rc = uv_loop_init(&d.loop);
	if (rc || (rc = start_handles(&d))) {
		say(c, "no event loop: %s", uv_strerror(rc));
		return EXIT_ENVIRONMENT;
	}
	o.on_event = on_event;
	o.payload = &d;
	o.loop = &d.loop;
	c->note = on_note;
	c->note_payload = &d;
	signals_catch(view->ops->frame_ms != 0);
	if (pipe_run_start(&run, project, plan, &o, &err)) {
		if (view->ops->end)
			view->ops->end(view);
		c->note = NULL;
		status = say_error(c, &err);
	} else {
		signals_run(run);
		status = go(&d, run);
		signals_run(NULL);
		pipe_run_free(run);
	}
	c->note = NULL;
	c->note_payload = NULL;
	signals_release();
	end_loop(&d);
	return status;
}
