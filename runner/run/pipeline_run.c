/*
 * One pipeline of a session.  `open` counts its selected jobs that have not ended, `active` those of them that are ready, delayed
 * or running: when active is 0 and the scheduler has decided nothing new, what is still open waits for somebody, and the pipeline
 * ends without it.
 */
#include "base/error.h"
#include "runner/run/hook/hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making ---- */

static int make_nonce(char out[33], pipe_error *err)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_errno(err, PIPE_EIO, errno, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return PIPE_OK;
}

static int take_duration(void *payload, const char *name, int64_t ms)
{
	struct pipeline_run *p = payload;
	const struct plan_job *j = plan_job_named(p->plan->plan, name, strlen(name));

	if (j)
		p->expected[j->index] = ms;
	return 0;
}

static int make_jobs(struct pipeline_run *p, pipe_error *err)
{
	const struct plan *plan = p->plan->plan;
	int rc;

	p->jobs = ARENA_ARRAY(&p->arena, struct job_run, plan->jobs.count + 1);
	p->expected = ARENA_ARRAY(&p->arena, int64_t, plan->jobs.count + 1);
	if (!p->jobs || !p->expected)
		return error_nomem(err);
	for (uint32_t i = 0; i < plan->jobs.count; i++)
		p->expected[i] = -1;
	rc = store_durations(p->session->store, p->plan->pipeline->file, take_duration, p, err);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		struct job_run *j = &p->jobs[i];
		j->pipeline = p;
		j->plan = &plan->jobs.items[i];
		j->index = i;
		j->exit_code = -1;
		j->status = PIPE_STATUS_WAITING;
		j->expected_ms = p->expected[i];
		p->open += j->plan->selected;
	}
	return PIPE_OK;
}

/* ---- starting ---- */

int pipeline_run_directory(struct pipeline_run *p, pipe_error *err)
{
	const char *state = p->session->project->state_directory;

	p->directory = arena_printf(&p->arena, "%s/runs/%lld", state, (long long)p->number);
	if (!p->directory)
		return error_nomem(err);
	if (mkdir(p->directory, 0777) && errno == ENOENT) {
		const char *runs = arena_printf(&p->arena, "%s/runs", state);
		if (!runs)
			return error_nomem(err);
		mkdir(runs, 0777);
		errno = 0;
		mkdir(p->directory, 0777);
	}
	if (access(p->directory, W_OK))
		return error_errno(err, PIPE_EIO, errno, "cannot write to %s", p->directory);
	return PIPE_OK;
}

const char *job_path(const struct job_run *j, const char *suffix, struct arena *a)
{
	return arena_printf(a, "%s/%u%s", j->pipeline->directory, j->index, suffix);
}

/* One warning for each keyword that the executor does not honour, with a job that uses it. */
static void warn_unhonoured(struct pipeline_run *p)
{
	const struct pipeline *pipeline = p->plan->pipeline;
	struct map seen = MAP_INIT;

	for (uint32_t i = 0; i < p->plan->plan->jobs.count; i++) {
		const struct plan_job *j = &p->plan->plan->jobs.items[i];
		for (uint32_t k = 0; j->selected && k < j->job->settings->unhonoured.count; k++) {
			const char *name = j->job->settings->unhonoured.items[k];
			if (map_get(&seen, name, strlen(name)) ||
			    !map_put(&seen, &p->arena, name, strlen(name), (void *)(uintptr_t)pipeline))
				continue;
			notify_warning(
				p, NULL,
				"the local executor does not honour \"%s\" (job \"%s\"): the job runs on this machine without it",
				name, j->job->name);
		}
	}
}

static int take_locks(struct pipeline_run *p, pipe_error *err)
{
	const char *state = p->session->project->state_directory;
	int rc = run_lock_acquire(&p->lock, state, p->number, err);

	return rc || p->trigger ? rc : run_control_open(state, p->number, &p->control, err);
}

/* Its place in the history: a new one, or that of the run which goes on. */
static int enter_history(struct pipeline_run *p, int64_t resume, pipe_error *err)
{
	int rc;

	if (!resume)
		return pipeline_run_record(p, err);
	p->number = resume;
	rc = pipeline_run_check_resume(p, resume, err);
	return rc ? rc : store_run_reopen(p->session->store, resume, p->nonce, err);
}

/* What is kept takes no time: estimates are of what is left to do. */
static int make_scheduler(struct pipeline_run *p, pipe_error *err)
{
	for (uint32_t i = 0; i < p->plan->plan->jobs.count; i++)
		if (p->jobs[i].kept)
			p->expected[i] = SCHEDULER_PAST;
	return scheduler_create(&p->scheduler, p->plan->plan, p->expected, p->session->places == 1, err);
}

/* Of a child its tools are looked for before it has a number; the root's kept jobs need none. */
static int prepare(struct pipeline_run *p, int64_t resume, int64_t from, pipe_error *err)
{
	int rc = make_nonce(p->nonce, err);

	if (rc == PIPE_OK)
		rc = make_jobs(p, err);
	if (rc == PIPE_OK && p->trigger)
		rc = pipeline_run_check_tools(p, err);
	if (rc == PIPE_OK)
		rc = enter_history(p, resume, err);
	if (rc == PIPE_OK)
		rc = take_locks(p, err);
	if (rc == PIPE_OK)
		rc = pipeline_run_directory(p, err);
	if (rc == PIPE_OK && from)
		rc = pipeline_run_keep(p, from, err);
	if (rc == PIPE_OK && !p->trigger)
		rc = pipeline_run_check_tools(p, err);
	if (rc == PIPE_OK)
		rc = make_scheduler(p, err);
	return rc == PIPE_OK ? hooks_open(p, err) : rc;
}

int pipeline_run_create(struct pipeline_run **out, struct pipe_run *s, const struct pipe_plan *plan, struct pipe_plan *own,
			struct job_run *trigger, pipe_error *err)
{
	struct pipeline_run *p = calloc(1, sizeof(*p));
	int64_t resume = trigger ? 0 : s->options.resume, repeats = trigger ? 0 : s->options.retry_of;
	int rc;

	*out = NULL;
	if (!p)
		return error_nomem(err);
	p->session = s;
	p->plan = plan;
	p->trigger = trigger;
	p->control = -1;
	p->status = PIPE_STATUS_RUNNING;
	p->started_ms = session_now(s);
	p->prefix = trigger ? arena_printf(&p->arena, "%s%s -> ", trigger->pipeline->prefix, trigger->plan->name) : "";
	rc = p->prefix ? prepare(p, resume, resume ? resume : repeats, err) : error_nomem(err);
	if (rc) {
		pipeline_run_free(p);
		return rc;
	}
	p->own_plan = own;
	p->next = s->pipelines;
	s->pipelines = p;
	notify_run(p, PIPE_EVENT_RUN_STARTED);
	warn_unhonoured(p);
	pipeline_run_settle_kept(p);
	if (!resume && repeats)
		pipeline_run_keep_evidence(p, repeats);
	*out = p;
	return PIPE_OK;
}

void pipeline_run_free(struct pipeline_run *p)
{
	if (!p)
		return;
	if (p->control >= 0)
		run_control_close(p->session->project->state_directory, p->number, p->control);
	run_lock_free(p->lock);
	scheduler_free(p->scheduler);
	hooks_free(p);
	arena_clear(&p->arena);
	pipe_plan_free(p->own_plan);
	free(p);
}

/* ---- going on ---- */

static void on_delay_closed(uv_handle_t *handle)
{
	struct job_run *j = handle->data;

	j->pipeline->session->handles--;
	free(handle);
	session_settle(j->pipeline->session);
}

static void stop_delay(struct job_run *j)
{
	if (!j->delay)
		return;
	uv_close((uv_handle_t *)j->delay, on_delay_closed);
	j->delay = NULL;
}

static void on_delay_over(uv_timer_t *timer)
{
	struct job_run *j = timer->data;

	stop_delay(j);
	scheduler_ready(j->pipeline->scheduler, j->index);
	session_schedule(j->pipeline->session);
}

static void delay(struct job_run *j)
{
	struct pipe_run *s = j->pipeline->session;

	j->delay = malloc(sizeof(*j->delay));
	if (!j->delay || uv_timer_init(s->loop, j->delay)) {
		free(j->delay);
		j->delay = NULL;
		scheduler_ready(j->pipeline->scheduler, j->index); /* too early rather than never */
		return;
	}
	s->handles++;
	j->delay->data = j;
	if (uv_timer_start(j->delay, on_delay_over, (uint64_t)j->plan->start_in_ms, 0))
		on_delay_over(j->delay);
}

static void queued(struct job_run *j, const char *reason)
{
	j->status = PIPE_STATUS_READY;
	j->queued_ms = session_now(j->pipeline->session);
	j->pipeline->active++;
	if (reason) /* a job that starts at once says so by starting */
		notify_job(j, PIPE_EVENT_JOB_QUEUED, reason, NULL, -1, NULL);
}

static void skip(struct job_run *j, uint32_t because)
{
	struct pipeline_run *p = j->pipeline;
	char reason[512];

	if (because == UINT32_MAX)
		snprintf(reason, sizeof(reason), "nothing failed before it (when: %s)", when_name(j->plan->when));
	else
		snprintf(reason, sizeof(reason), "\"%s\" %s", p->jobs[because].plan->name,
			 p->jobs[because].status == PIPE_STATUS_SKIPPED	    ? "was skipped"
			 : p->jobs[because].status == PIPE_STATUS_CANCELLED ? "was cancelled"
									    : "failed");
	pipeline_run_ended(j, PIPE_STATUS_SKIPPED, reason, NULL, -1, NULL);
}

void pipeline_run_decide(struct pipeline_run *p)
{
	enum verdict verdict;
	uint32_t i, because;
	char reason[64];

	while (!p->stopping && scheduler_decided(p->scheduler, &i, &verdict, &because)) {
		struct job_run *j = &p->jobs[i];
		switch (verdict) {
		case VERDICT_RUN:
			queued(j, NULL);
			break;
		case VERDICT_DELAY:
			snprintf(reason, sizeof(reason), "starts in %lld s", (long long)(j->plan->start_in_ms / 1000));
			queued(j, reason);
			delay(j);
			break;
		case VERDICT_MANUAL:
			j->status = PIPE_STATUS_MANUAL;
			break;
		case VERDICT_SKIP:
			skip(j, because);
			break;
		}
	}
}

void pipeline_run_ended(struct job_run *j, enum pipe_status status, const char *reason, const char *failure, double coverage,
			const struct log_writer *log)
{
	struct pipeline_run *p = j->pipeline;
	struct pipe_run *s = p->session;
	bool failed = status == PIPE_STATUS_FAILED;

	if (j->status == PIPE_STATUS_READY || j->status == PIPE_STATUS_RUNNING)
		p->active--;
	j->status = (uint8_t)status;
	p->open--;
	p->failed += failed;
	notify_job(j, PIPE_EVENT_JOB_FINISHED, reason, failure, coverage, log);
	scheduler_ended(p->scheduler, j->index, status);
	if (failed && !p->stopping) {
		const char *on_failure = p->plan->pipeline->workflow.auto_cancel_on_job_failure;
		if (on_failure && !strcmp(on_failure, "all")) {
			p->by_failure = true;
			pipeline_run_cancel(p, false);
		} else if (!s->options.keep_going)
			p->stopping = true;
	}
}

void pipeline_run_cancel(struct pipeline_run *p, bool now)
{
	p->stopping = p->cancelled = true;
	for (uint32_t i = 0; i < p->plan->plan->jobs.count; i++)
		job_run_cancel(&p->jobs[i], now);
	for (struct pipeline_run *child = p->session->pipelines; child; child = child->next)
		if (child->trigger && child->trigger->pipeline == p && !child->concluded)
			pipeline_run_cancel(child, now); /* no deeper than children have children */
	hooks_run_cancel(p, now);
}

/* What a job that will not run any more says. */
static void give_up(struct job_run *j)
{
	struct pipeline_run *p = j->pipeline;
	uint32_t blocker;
	char reason[512];

	stop_delay(j);
	if (p->session->failure) {
		pipeline_run_ended(j, PIPE_STATUS_CANCELLED, "the run could not go on", "runner_system_failure", -1, NULL);
		return;
	}
	if (hooks_run_refusal(p)) {
		pipeline_run_ended(j, PIPE_STATUS_SKIPPED, hooks_run_refusal(p), NULL, -1, NULL);
		return;
	}
	if (p->cancelled) {
		pipeline_run_ended(j, PIPE_STATUS_CANCELLED,
				   p->by_failure ? "another job failed, and workflow:auto_cancel:on_job_failure is \"all\""
						 : "the run was cancelled",
				   NULL, -1, NULL);
		return;
	}
	if (p->stopping) {
		pipeline_run_ended(j, PIPE_STATUS_SKIPPED, "the run ends with its first failure", NULL, -1, NULL);
		return;
	}
	if (j->status == PIPE_STATUS_MANUAL) {
		pipeline_run_ended(j, PIPE_STATUS_MANUAL, "nobody started it", NULL, -1, NULL);
		return;
	}
	blocker = scheduler_blocked_by(p->scheduler, j->index);
	snprintf(reason, sizeof(reason), "it waits for \"%s\", which nobody started",
		 blocker == UINT32_MAX ? "another job" : p->jobs[blocker].plan->name);
	pipeline_run_ended(j, PIPE_STATUS_SKIPPED, reason, NULL, -1, NULL);
}

static bool is_open(const struct job_run *j)
{
	return j->plan->selected && !j->kept &&
	       (j->status == PIPE_STATUS_WAITING || j->status == PIPE_STATUS_READY || j->status == PIPE_STATUS_MANUAL);
}

static bool works(const struct pipeline_run *p)
{
	for (uint32_t i = 0; p->active && i < p->plan->plan->jobs.count; i++)
		if (p->jobs[i].status == PIPE_STATUS_RUNNING)
			return true;
	return false;
}

enum pipe_status pipeline_run_verdict(const struct pipeline_run *p)
{
	const struct pipe_run *s = p->session;

	return s->failure					  ? PIPE_STATUS_FAILED
	       : (p->cancelled && !p->by_failure) || s->cancelled ? PIPE_STATUS_CANCELLED
	       : p->failed || hooks_run_failure(p)		  ? PIPE_STATUS_FAILED
								  : PIPE_STATUS_SUCCESS;
}

static void end_pipeline(struct pipeline_run *p)
{
	struct pipe_run *s = p->session;
	pipe_error err;

	p->concluded = true;
	p->status = (uint8_t)pipeline_run_verdict(p);
	if (!s->history_failed && store_run_finish(s->store, p->number, p->status, session_now(s), &err))
		session_fail_history(s, &err);
}

bool pipeline_run_conclude(struct pipeline_run *p)
{
	if (p->concluded)
		return true;
	if (p->held)
		return false;
	pipeline_run_decide(p);
	if (p->stopping ? works(p) : p->active > 0)
		return false;
	/* Backwards in the plan, so that a job is told of the one it waits for while that is still open. */
	for (uint32_t i = p->open ? p->plan->plan->jobs.count : 0; i-- > 0;)
		if (is_open(&p->jobs[i]))
			give_up(&p->jobs[i]);
	if (hooks_events_wait(p) || (hooks_after_run(p) && p->held))
		return false;
	end_pipeline(p);
	return true;
}
