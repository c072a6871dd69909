/* How a job has ended: its state, GitLab's word for a failure, a sentence, and whether it is tried again. */
#include "base/duration.h"
#include "runner/run/active_job.h"
#include "runner/run/hook/hooks.h"

#include <stdio.h>
#include <string.h>

static bool code_listed(const struct exit_codes *codes, int code)
{
	for (uint32_t i = 0; i < codes->list.count; i++)
		if (codes->list.items[i] == code)
			return true;
	return false;
}

static void judge_script(const struct active_job *x, struct outcome *o)
{
	int code = x->result.exit_code;

	if (code == 0) {
		o->status = PIPE_STATUS_SUCCESS;
		return;
	}
	o->status = PIPE_STATUS_FAILED;
	o->failure = "script_failure";
	o->cause = RETRY_SCRIPT_FAILURE;
	if (x->result.end == TASK_SIGNALLED)
		snprintf(o->reason, sizeof(o->reason), "the script was killed by signal %d (%s)", code - 128,
			 strsignal(code - 128));
	else
		snprintf(o->reason, sizeof(o->reason), "the script failed with exit code %d%s", code, job_stage_contradiction(x));
}

/* A gate must not take silence for good news. */
static void judge_evidence(const struct active_job *x, struct outcome *o)
{
	const pipe_error *lost = job_stage_lost(x);

	if (!lost || o->status != PIPE_STATUS_SUCCESS)
		return;
	o->status = PIPE_STATUS_FAILED;
	o->failure = "runner_system_failure";
	o->cause = RETRY_RUNNER_SYSTEM_FAILURE;
	snprintf(o->reason, sizeof(o->reason), "what its reports say cannot be kept: %s", lost->text);
}

/* Without a log, without a history a job is not done, whatever it said itself. */
static void judge_machinery(const struct active_job *x, struct outcome *o)
{
	const struct pipe_run *s = x->job->pipeline->session;

	if (!s->failure || o->status == PIPE_STATUS_FAILED)
		return;
	o->status = PIPE_STATUS_CANCELLED;
	o->failure = "runner_system_failure";
	snprintf(o->reason, sizeof(o->reason), "the run could not go on: %s", s->error.text);
}

static void fail_by_hook(struct outcome *o, const char *why)
{
	o->status = PIPE_STATUS_FAILED;
	o->failure = "script_failure";
	o->cause = RETRY_SCRIPT_FAILURE;
	snprintf(o->reason, sizeof(o->reason), "%s", why);
}

void job_judge_hooks(const struct active_job *x, struct outcome *o)
{
	const char *why = hooks_job_failure(x);

	if (why && (o->status == PIPE_STATUS_SUCCESS || o->status == PIPE_STATUS_WARNING))
		fail_by_hook(o, why);
	judge_machinery(x, o);
}

static void judge_timeout(const struct active_job *x, struct outcome *o)
{
	int64_t limit = x->job->plan->job->settings->timeout_ms;
	char text[32];

	o->failure = "job_execution_timeout";
	o->cause = RETRY_JOB_EXECUTION_TIMEOUT | RETRY_STUCK_OR_TIMEOUT_FAILURE;
	snprintf(o->reason, sizeof(o->reason), "the job took longer than its timeout%s%s", limit ? " of " : "",
		 limit ? duration_format(limit, text, sizeof(text)) : "");
}

void job_judge(const struct active_job *x, struct outcome *o)
{
	const char *refusal = hooks_refusal(x);

	memset(o, 0, sizeof(*o));
	o->status = PIPE_STATUS_FAILED;
	if (refusal && x->result.end == TASK_EXITED) {
		fail_by_hook(o, refusal);
		return;
	}
	switch (x->result.end) {
	case TASK_EXITED:
	case TASK_SIGNALLED:
		if (!job_stage_judge(x, o))
			judge_script(x, o);
		break;
	case TASK_TIMED_OUT:
		judge_timeout(x, o);
		break;
	case TASK_CANCELLED:
		o->status = PIPE_STATUS_CANCELLED;
		snprintf(o->reason, sizeof(o->reason), "cancelled");
		break;
	case TASK_SYSTEM:
		o->failure = "runner_system_failure";
		o->cause = RETRY_RUNNER_SYSTEM_FAILURE;
		snprintf(o->reason, sizeof(o->reason), "%s", x->result.error.text);
		break;
	}
	if ((o->status == PIPE_STATUS_SUCCESS || o->status == PIPE_STATUS_WARNING) && x->files.code) {
		o->status = PIPE_STATUS_FAILED;
		o->failure = x->files.code == PIPE_EPIPELINE ? "script_failure" : "runner_system_failure";
		o->cause = x->files.code == PIPE_EPIPELINE ? RETRY_SCRIPT_FAILURE : RETRY_RUNNER_SYSTEM_FAILURE;
		snprintf(o->reason, sizeof(o->reason), "%s", x->files.error.text);
	}
	judge_evidence(x, o);
	judge_machinery(x, o);
}

bool job_judge_may_retry(const struct active_job *x, const struct outcome *o)
{
	const struct retry *r = x->job->plan->job->settings->retry;
	struct pipe_run *s = x->job->pipeline->session;

	if (!r || o->status != PIPE_STATUS_FAILED || x->cancelled || s->failure || x->job->pipeline->stopping ||
	    x->job->attempt > x->job->first_attempt + (uint32_t)r->max - 1)
		return false;
	if (!r->causes && !r->codes.list.count)
		return true;
	return (r->causes & (o->cause | RETRY_ALWAYS)) || code_listed(&r->codes, x->result.exit_code);
}

void job_judge_allow_failure(const struct active_job *x, struct outcome *o)
{
	const struct allow_failure *allow = &x->job->plan->allow_failure;

	if (o->status == PIPE_STATUS_FAILED && allow->state == YES &&
	    (!allow->codes.list.count || code_listed(&allow->codes, x->result.exit_code)))
		o->status = PIPE_STATUS_WARNING;
}
