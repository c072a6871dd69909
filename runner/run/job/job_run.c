/*
 * One job from its place to its end, an explicit state machine:
 *
 *   begin -> (hooks) -> (before: worker) -> script -> (after_script) -> (after: worker) -> finish -> (hooks) -> settle | begin again
 *
 * Each step ends in exactly one call of the next.  A cancel only marks the job and pushes the step under way to its end, so that
 * after_script and the clean-up steps run on every way out.
 */
#include "base/error.h"
#include "runner/run/active_job.h"
#include "runner/run/hook/hooks.h"
#include "runner/run/job/job_direct.h"
#include "runner/run/place.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AFTER_SCRIPT_MS = 5 * 60 * 1000, DEFAULT_GRACE_MS = 10000 };

static void run_script(struct active_job *x);
static void run_after_script(struct active_job *x);
static void take_files(struct active_job *x);
static void finish(struct active_job *x);
static void settle(struct active_job *x);
static void begin(struct job_run *j);

static void show_warnings(struct active_job *x)
{
	for (uint32_t i = 0; i < x->files.warnings.count; i++)
		notify_warning(x->job->pipeline, x->job, "%s", x->files.warnings.items[i]);
	x->files.warnings.count = 0;
}

/* ---- the script ---- */

static void fail_system(struct active_job *x, const pipe_error *err)
{
	x->result = (struct task_result){ .end = TASK_SYSTEM, .exit_code = -1, .error = *err };
}

static void remove_script_file(struct active_job *x)
{
	if (x->script.file)
		unlink(x->script.file);
	x->script.file = NULL;
}

static void on_after_script_end(void *context, const struct task_result *result)
{
	struct active_job *x = context;

	x->task = NULL;
	remove_script_file(x);
	if (result->end == TASK_TIMED_OUT)
		notify_warning(x->job->pipeline, x->job, "after_script was ended after 5 minutes");
	else if (result->end == TASK_SYSTEM)
		notify_warning(x->job->pipeline, x->job, "after_script could not run: %s", result->error.text);
	else if (result->exit_code > 0)
		notify_warning(x->job->pipeline, x->job, "after_script failed with exit code %d", result->exit_code);
	take_files(x);
}

static void on_stage_end(struct active_job *x)
{
	run_after_script(x);
}

static const char *status_word(const struct active_job *x)
{
	if (x->result.end == TASK_CANCELLED)
		return "canceled"; /* GitLab's spelling of CI_JOB_STATUS */
	return x->result.end == TASK_EXITED && x->result.exit_code == 0 ? "success" : "failed";
}

static int start_task(struct active_job *x, enum script_part part, const char *status,
		      void (*on_end)(void *, const struct task_result *), pipe_error *err)
{
	struct pipe_run *s = x->job->pipeline->session;
	int rc = job_environment_make(x->job, x->files.workspace, status, &x->arena, &x->spec.envp, &x->spec.mark, err);

	if (rc == PIPE_OK && (part != PART_MAIN || !job_direct(x->job, x->files.workspace, &x->arena, &x->spec.envp, &x->script)))
		rc = job_script_make(x->job, part, &x->arena, &x->script, err);
	if (rc)
		return rc;
	x->spec.argv = x->script.argv;
	x->spec.directory = x->files.workspace;
	x->spec.timeout_ms = part == PART_MAIN ? x->job->plan->job->settings->timeout_ms : AFTER_SCRIPT_MS;
	x->spec.grace_ms = s->options.grace_ms ? s->options.grace_ms : DEFAULT_GRACE_MS;
	x->spec.on_output = job_output_take;
	x->spec.on_end = on_end;
	x->spec.context = x;
	return s->executor->ops->start(s->executor, &x->spec, &x->task, err);
}

static void run_after_script(struct active_job *x)
{
	pipe_error err;

	if (!x->job->plan->job->settings->after_script.count || x->now || x->result.end == TASK_SYSTEM) {
		take_files(x);
		return;
	}
	x->phase = PHASE_AFTER_SCRIPT;
	if (start_task(x, PART_AFTER, status_word(x), on_after_script_end, &err)) {
		notify_warning(x->job->pipeline, x->job, "after_script could not run: %s", err.text);
		remove_script_file(x);
		take_files(x);
	}
}

/* As an interactive shell would: whoever reads the log sees why it stops. */
static void say_killed(struct active_job *x, int signal_number)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%s (signal %d)\n", strsignal(signal_number), signal_number);

	job_output_say(x, text, (size_t)n);
}

static void on_script_end(void *context, const struct task_result *result)
{
	struct active_job *x = context;

	x->task = NULL;
	x->result = *result;
	remove_script_file(x);
	if (result->end == TASK_SIGNALLED)
		say_killed(x, result->exit_code - 128);
	if (result->stragglers)
		notify_warning(x->job->pipeline, x->job, "%u process%s left behind by the script %s ended", result->stragglers,
			       result->stragglers == 1 ? "" : "es", result->stragglers == 1 ? "was" : "were");
	run_after_script(x);
}

static void run_script(struct active_job *x)
{
	bool typed = x->job->plan->job->settings->uses != NULL;
	pipe_error err;

	x->phase = PHASE_SCRIPT;
	if (x->cancelled) {
		x->result = (struct task_result){ .end = TASK_CANCELLED, .exit_code = -1 };
		take_files(x);
		return;
	}
	if (job_output_open(x, &err) ||
	    (typed ? job_stage_start(x, on_stage_end, &err) : start_task(x, PART_MAIN, "running", on_script_end, &err))) {
		remove_script_file(x);
		fail_system(x, &err);
		take_files(x);
	}
}

/* ---- the worker steps ---- */

static void work_before(uv_work_t *work)
{
	job_files_before(&((struct active_job *)work->data)->files);
}

static void work_after(uv_work_t *work)
{
	job_files_after(&((struct active_job *)work->data)->files);
}

static void after_before(uv_work_t *work, int status)
{
	struct active_job *x = work->data;

	(void)status; /* never cancelled: nobody calls uv_cancel */
	show_warnings(x);
	if (x->files.code) {
		fail_system(x, &x->files.error);
		take_files(x);
		return;
	}
	job_prepare_note_restored(x);
	run_script(x);
}

static void after_after(uv_work_t *work, int status)
{
	(void)status;
	finish(work->data);
}

/* On a worker thread when it can be had, else here and now. */
static void queue(struct active_job *x, uv_work_cb step, uv_after_work_cb then)
{
	struct pipe_run *s = x->job->pipeline->session;

	x->work.data = x;
	if (workers_queue(&s->workers, s->loop, &x->work, step, then)) {
		step(&x->work);
		then(&x->work, 0);
	}
}

static void keep_files(struct active_job *x)
{
	if (x->result.end != TASK_SYSTEM && job_files_after_needed(&x->files))
		queue(x, work_after, after_after);
	else
		finish(x);
}

static void take_files(struct active_job *x)
{
	x->phase = PHASE_AFTER;
	job_output_end(x);
	x->files.succeeded = x->result.end == TASK_EXITED && x->result.exit_code == 0;
	x->files.code = PIPE_OK;
	if (x->result.end == TASK_SYSTEM || !job_stage_reports(x, keep_files))
		keep_files(x);
}

/* ---- the end ---- */

static void active_free(struct active_job *x)
{
	pipe_error err;

	hooks_job_free(x);
	job_stage_free(x);
	if (log_writer_free(x->log, &err))
		session_fail(x->job->pipeline->session, &err);
	mask_stream_free(x->mask);
	str_clear(&x->partial);
	arena_clear(&x->files.arena);
	arena_clear(&x->arena);
	free(x);
}

static void after_remove(uv_work_t *work, int status)
{
	struct active_job *x = work->data;

	(void)status;
	show_warnings(x);
	settle(x);
}

static void work_remove(uv_work_t *work)
{
	job_files_remove(&((struct active_job *)work->data)->files);
}

/* Its hooks have seen the workspace. */
static void leave(struct active_job *x)
{
	if (x->files.stays)
		queue(x, work_remove, after_remove);
	else
		settle(x);
}

static void finish(struct active_job *x)
{
	show_warnings(x);
	job_judge(x, &x->outcome);
	if (!hooks_after_job(x, leave))
		leave(x);
}

static void settle(struct active_job *x)
{
	struct job_run *j = x->job;
	struct pipe_run *s = j->pipeline->session;
	struct outcome *o = &x->outcome;
	bool long_log;

	job_judge_hooks(x, o);
	if (job_judge_may_retry(x, o) && !place_take(x, settle))
		return;
	job_stage_tell(x);
	job_results_keep(x);
	j->exit_code = x->result.exit_code;
	j->finished_ms = session_now(s);
	j->active = NULL;
	place_leave(x);
	if (job_judge_may_retry(x, o)) {
		j->status = PIPE_STATUS_READY;
		notify_job(j, PIPE_EVENT_JOB_RETRY, o->reason, o->failure, -1, x->log);
		active_free(x);
		begin(j);
		return;
	}
	job_judge_allow_failure(x, o);
	resource_release(j);
	long_log = x->log && log_writer_bytes(x->log) >= LOG_COMPRESS_FROM;
	pipeline_run_ended(j, o->status, o->reason[0] ? o->reason : NULL, o->failure, x->files.coverage_found, x->log);
	active_free(x);
	if (long_log)
		log_packer_add(s->packer, j->pipeline->number, j->index);
	session_schedule(s);
}

/* ---- the beginning ---- */

/* Its hooks, if any, have let it begin; or not. */
static void prepare(struct active_job *x)
{
	if (!x->cancelled && !hooks_refusal(x) && !place_take(x, prepare))
		return;
	if (x->cancelled || hooks_refusal(x)) {
		x->result = (struct task_result){ .end = x->cancelled ? TASK_CANCELLED : TASK_EXITED, .exit_code = -1 };
		finish(x);
	} else if (job_files_before_needed(&x->files)) {
		x->phase = PHASE_BEFORE;
		queue(x, work_before, after_before);
	} else {
		run_script(x);
	}
}

static void begin(struct job_run *j)
{
	struct pipe_run *s = j->pipeline->session;
	struct active_job *x = calloc(1, sizeof(*x));
	pipe_error err;

	s->running++;
	j->attempt++;
	j->status = PIPE_STATUS_RUNNING;
	j->started_ms = session_now(s);
	j->finished_ms = 0;
	notify_job(j, PIPE_EVENT_JOB_STARTED, NULL, NULL, -1, NULL);
	if (!x) {
		s->running--;
		j->exit_code = -1;
		j->finished_ms = j->started_ms;
		resource_release(j);
		pipeline_run_ended(j, PIPE_STATUS_FAILED, "out of memory", "runner_system_failure", -1, NULL);
		return;
	}
	j->active = x;
	x->job = j;
	str_init(&x->partial);
	if (job_prepare(x)) {
		error_nomem(&err);
		fail_system(x, &err);
		take_files(x);
	} else if (!hooks_before_job(x, prepare)) {
		prepare(x);
	}
}

struct active_job *job_run_attach(struct job_run *j)
{
	struct active_job *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->job = j;
	x->result = (struct task_result){ .end = TASK_EXITED, .exit_code = -1 };
	str_init(&x->partial);
	if (job_prepare(x)) {
		active_free(x);
		return NULL;
	}
	j->active = x;
	j->pipeline->session->busy++;
	return x;
}

void job_run_detach(struct active_job *x)
{
	struct job_run *j = x->job;

	j->active = NULL;
	j->pipeline->session->busy--;
	active_free(x);
}

void job_run_start(struct job_run *j)
{
	j->first_attempt = j->attempt + 1;
	begin(j);
}

void job_run_cancel(struct job_run *j, bool now)
{
	struct active_job *x = j->active;
	struct pipe_run *s = j->pipeline->session;

	if (!x)
		return;
	hooks_job_cancel(x, now);
	job_stage_cancel(x, now);
	if (x->task && (x->phase == PHASE_SCRIPT || now))
		if (!x->cancelled || now)
			s->executor->ops->cancel(s->executor, x->task, now);
	x->cancelled = true;
	x->now |= now;
}
