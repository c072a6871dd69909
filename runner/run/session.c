#include "runner/run/session.h"

#include "base/error.h"
#include "runner/net/http_loop.h"
#include "runner/run/fresh.h"
#include "runner/run/hook/hooks.h"
#include "runner/run/place.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	GROUP_MS = 5, /* changes of this long are one commit: what a killed process can lose, and nobody has been shown */
};

int64_t session_now(const struct pipe_run *s)
{
	struct timespec t;

	(void)s;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void session_log(const struct pipe_run *s, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	project_log(s->project, "%s", text);
}

void session_fail(struct pipe_run *s, const pipe_error *err)
{
	if (s->failure)
		return;
	s->failure = err->code;
	s->error = *err;
	pipe_run_cancel(s);
}

void session_fail_history(struct pipe_run *s, const pipe_error *err)
{
	s->history_failed = true;
	session_fail(s, err);
}

/* ---- the end ---- */

static void maybe_ended(struct pipe_run *s)
{
	if (s->finishing && !s->handles)
		s->ended = true;
}

static void on_closed(uv_handle_t *handle)
{
	struct pipe_run *s = handle->data;

	s->handles--;
	maybe_ended(s);
}

static void on_executor_closed(void *context)
{
	struct pipe_run *s = context;

	s->executor = NULL;
	s->handles--;
	maybe_ended(s);
}

static void on_http_closed(void *context)
{
	struct pipe_run *s = context;

	s->http = NULL;
	s->handles--;
	maybe_ended(s);
}

static void close_http(struct pipe_run *s)
{
	if (!s->http)
		return;
	s->handles++;
	http_loop_close(s->http, on_http_closed, s);
}

static void close_handle(struct pipe_run *s, uv_handle_t *handle)
{
	if (uv_handle_get_type(handle) == UV_UNKNOWN_HANDLE || uv_is_closing(handle))
		return;
	handle->data = s;
	uv_close(handle, on_closed);
}

/* While the locks of the runs are held: it may replace their logs. */
static void stop_packer(struct pipe_run *s)
{
	pipe_error err;

	if (log_packer_free(s->packer, &err))
		session_log(s, "a log could not be compressed: %s", err.text);
	s->packer = NULL;
}

/* Nothing is left to be done but to close the handles. */
static void close_all(struct pipe_run *s)
{
	stop_packer(s);
	run_lock_free(s->root->lock); /* after the commit that says that the run has ended */
	s->root->lock = NULL;
	close_handle(s, (uv_handle_t *)&s->wake);
	close_handle(s, (uv_handle_t *)&s->turn);
	close_handle(s, (uv_handle_t *)&s->poll);
	close_handle(s, (uv_handle_t *)&s->commit);
	close_handle(s, (uv_handle_t *)&s->control);
	close_http(s);
	s->handles++;
	s->executor->ops->close(s->executor, on_executor_closed, s);
}

/* Everything has ended: the last event, then what hooks have to say to it. */
static void finish(struct pipe_run *s)
{
	s->finishing = true;
	notify_run(s->root, PIPE_EVENT_RUN_FINISHED);
	notify_flush(s);
	s->draining = hooks_events_busy(s);
	if (!s->draining)
		close_all(s);
}

void session_events_over(struct pipe_run *s)
{
	if (!s->finishing) {
		session_schedule(s); /* a run may have waited for it */
	} else if (s->draining && !hooks_events_busy(s)) {
		s->draining = false;
		notify_flush(s); /* what they said is kept */
		close_all(s);
	}
}

void session_settle(struct pipe_run *s)
{
	if (s->finishing) {
		maybe_ended(s);
		return;
	}
	if (s->running || s->busy)
		return;
	for (struct pipeline_run *p = s->pipelines; p; p = p->next)
		if (!p->concluded)
			return;
	finish(s);
}

/* ---- going on ---- */

static bool start_one(struct pipeline_run *p)
{
	struct job_run *j;
	uint32_t i;

	if (p->held || p->stopping || !scheduler_next(p->scheduler, &i))
		return false;
	j = &p->jobs[i];
	if (!resource_acquire(j))
		return true; /* it waits elsewhere now; the next one may start */
	if (j->plan->when == WHEN_MANUAL && j->plan->job->settings->manual_confirmation)
		notify_warning(p, j, "it was started by name, so its question is not put: %s",
			       j->plan->job->settings->manual_confirmation);
	if (j->plan->job->settings->trigger)
		child_start(j);
	else
		job_run_start(j);
	return true;
}

static bool start_some(struct pipe_run *s)
{
	bool started = place_serve(s);

	for (struct pipeline_run *p = s->pipelines; p && s->running < s->places; p = p->next) {
		if (p->held)
			continue;
		pipeline_run_decide(p);
		while (s->running < s->places && start_one(p)) {
			pipeline_run_decide(p);
			started = true;
		}
	}
	return started;
}

void session_schedule(struct pipe_run *s)
{
	bool again = true;

	if (s->scheduling || s->finishing || !s->root)
		return; /* a job that ends at once comes back here from start_some */
	s->scheduling = true;
	while (again) {
		again = start_some(s);
		for (struct pipeline_run *p = s->pipelines; p; p = p->next) {
			bool before = p->concluded;
			if (pipeline_run_conclude(p) && !before) {
				again = true;
				if (p->trigger)
					child_ended(p);
			}
		}
	}
	s->scheduling = false;
	session_settle(s);
}

static void on_group_over(uv_timer_t *timer)
{
	struct pipe_run *s = timer->data;

	s->grouping = false;
	notify_flush(s);
}

void session_on_turn(uv_prepare_t *turn)
{
	struct pipe_run *s = turn->data;

	if (!s->running)
		notify_flush(s);
	else if (!s->grouping && (s->first_event || store_has_changes(s->store)))
		s->grouping = uv_timer_start(&s->commit, on_group_over, GROUP_MS, 0) == 0;
}

/* How much cancelling has been asked for that has not been done yet? */
static void act_on_cancels(struct pipe_run *s)
{
	int asked = atomic_load(&s->cancels);

	if (asked > 2)
		asked = 2;
	if (asked > s->cancelled && (s->draining || asked > 1))
		hooks_events_cancel(s);
	if (asked <= s->cancelled || s->finishing)
		return;
	s->cancelled = asked;
	for (struct pipeline_run *p = s->pipelines; p; p = p->next)
		pipeline_run_cancel(p, asked > 1);
	session_schedule(s);
}

void session_on_wake(uv_async_t *wake)
{
	fresh_serve(wake->data);
	act_on_cancels(wake->data);
}

void pipe_run_cancel(pipe_run *s)
{
	atomic_fetch_add(&s->cancels, 1);
	uv_async_send(&s->wake);
}

/* ---- start, wait, free ---- */

static void drop(struct pipe_run *s)
{
	stop_packer(s);
	while (s->pipelines) {
		struct pipeline_run *p = s->pipelines;
		s->pipelines = p->next;
		pipeline_run_free(p);
	}
	resource_free_all(s);
	if (s->loop_is_own)
		uv_loop_close(&s->own_loop);
	fresh_free(s);
	desk_clear(&s->desk);
	mask_free(s->mask);
	store_free(s->store);
	arena_clear(&s->arena);
	arena_clear(&s->event_arena);
	free(s);
}

/* A run that could not begin: closes what was opened. */
static void abandon(struct pipe_run *s)
{
	if (s->loop) {
		s->finishing = true;
		close_handle(s, (uv_handle_t *)&s->wake);
		close_handle(s, (uv_handle_t *)&s->turn);
		close_handle(s, (uv_handle_t *)&s->poll);
		close_handle(s, (uv_handle_t *)&s->commit);
		close_handle(s, (uv_handle_t *)&s->control);
		close_http(s);
		if (s->executor) {
			s->handles++;
			s->executor->ops->close(s->executor, on_executor_closed, s);
		}
		while ((s->handles || s->busy) && uv_run(s->loop, UV_RUN_ONCE))
			;
	}
	drop(s);
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

int pipe_run_start(pipe_run **out, pipe_project *project, const pipe_plan *plan, const pipe_run_options *opts, pipe_error *err)
{
	static const pipe_run_options none = PIPE_RUN_OPTIONS_INIT;
	struct pipe_run *s;
	int rc;

	*out = NULL;
	if (opts && opts->version != PIPE_RUN_OPTIONS_VERSION)
		return error_version(err, "pipe_run_options", opts->version, PIPE_RUN_OPTIONS_VERSION);
	if (!project || !plan)
		return error_set(err, PIPE_EUSAGE, "a run needs a project and a plan");
	if (!plan->plan)
		return error_set(err, PIPE_EPIPELINE, "the pipeline file has errors");
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_nomem(err);
	s->project = project;
	s->plan = plan;
	s->options = opts ? *opts : none;
	s->places = s->options.max_jobs ? s->options.max_jobs : processors();
	s->last_event = &s->first_event;
	rc = session_begin(s, err);
	if (rc) {
		abandon(s);
		return rc;
	}
	*out = s;
	hooks_before_run(s->root);
	session_schedule(s);
	if (s->running)
		store_get_ready(s->store);
	return PIPE_OK;
}

int pipe_run_wait(pipe_run *s, pipe_error *err)
{
	while (!s->ended && uv_run(s->loop, UV_RUN_ONCE))
		;
	if (s->failure && err)
		*err = s->error;
	return s->failure;
}

int pipe_run_play(pipe_run *s, const char *job, pipe_error *err)
{
	const struct plan_job *j = plan_job_named(s->root->plan->plan, job, strlen(job));
	struct job_run *run = j ? &s->root->jobs[j->index] : NULL;

	if (!run || !j->selected)
		return error_set(err, PIPE_ENOTFOUND, "there is no job \"%s\" in this run", job);
	if (run->status != PIPE_STATUS_MANUAL || s->root->stopping || s->root->concluded)
		return error_set(err, PIPE_EUSAGE, "the job \"%s\" does not wait to be started: it is %s", job,
				 pipe_status_name(run->status));
	run->status = PIPE_STATUS_READY;
	s->root->active++;
	scheduler_ready(s->root->scheduler, run->index);
	session_schedule(s);
	return PIPE_OK;
}

int64_t pipe_run_number(const pipe_run *s)
{
	return s->root->number;
}

enum pipe_status pipe_run_status(const pipe_run *s)
{
	return s->ended ? (enum pipe_status)s->root->status : PIPE_STATUS_RUNNING;
}

enum pipe_status pipe_run_job_status(const pipe_run *s, uint32_t job_index)
{
	return job_index < s->root->plan->plan->jobs.count ? (enum pipe_status)s->root->jobs[job_index].status
							   : PIPE_STATUS_WAITING;
}

void pipe_run_free(pipe_run *s)
{
	if (!s)
		return;
	if (!s->ended)
		pipe_run_cancel(s);
	while (!s->ended && uv_run(s->loop, UV_RUN_ONCE))
		;
	drop(s);
}
