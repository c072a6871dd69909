/* What a typed job's run has come to: the stage's verdict, or what came before it (time over, cancelled, an error, before_script). */
#include "runner/stage/running.h"

#include <string.h>

/* The code of the first step that failed. */
static int failed_code(const struct stage_run *r)
{
	if (r->before.end != STEP_OK)
		return r->before.exit_code;
	for (uint32_t i = 0; i < r->job.steps.count; i++)
		if (r->job.steps.items[i].state == STEP_DONE && r->job.steps.items[i].end != STEP_OK)
			return r->job.steps.items[i].exit_code;
	return -1;
}

static bool any_system(const struct stage_run *r)
{
	if (r->before.end == STEP_SYSTEM)
		return true;
	for (uint32_t i = 0; i < r->job.steps.count; i++)
		if (r->job.steps.items[i].state == STEP_DONE && r->job.steps.items[i].end == STEP_SYSTEM)
			return true;
	return false;
}

static const char *place_of(struct stage_run *r, const pipe_error *err)
{
	return err->line ? arena_printf(&r->arena, "%s:%u:%u: %s", err->file, err->line, err->column, err->text)
			 : arena_strdup(&r->arena, err->text);
}

/* An error instead of a verdict: of the file, of what lies there, or of the machinery. */
static void judge_error(struct stage_run *r, struct stage_outcome *o)
{
	bool system = r->code != PIPE_EPIPELINE && r->code != PIPE_ENOTFOUND && r->code != PIPE_EUNSUPPORTED;

	o->end = system ? STAGE_SYSTEM : STAGE_FAILED;
	o->reason = place_of(r, &r->error);
	o->failure = system ? "runner_system_failure" : r->code == PIPE_EUNSUPPORTED ? "runner_unsupported" : "script_failure";
}

static void judge_before(struct stage_run *r, struct stage_outcome *o)
{
	o->end = STAGE_FAILED;
	o->failure = "script_failure";
	if (r->before.reason)
		o->reason = arena_printf(&r->arena, "before_script failed: %s", r->before.reason);
	else
		o->reason = arena_printf(&r->arena, "before_script failed with exit code %d", r->before.exit_code);
}

static void take_verdict(struct stage_run *r, struct stage_outcome *o)
{
	static const enum stage_end ends[] = {
		[VERDICT_PASS] = STAGE_PASSED, [VERDICT_WARN] = STAGE_WARNED, [VERDICT_FAIL] = STAGE_FAILED
	};

	o->end = ends[r->job.verdict];
	o->reason = r->job.verdict == VERDICT_PASS ? NULL : r->job.reason;
	if (o->end == STAGE_FAILED)
		o->failure = r->job.failure ? r->job.failure : any_system(r) ? "runner_system_failure" : "script_failure";
}

void run_judge_outcome(struct stage_run *r, struct stage_outcome *o)
{
	memset(o, 0, sizeof(*o));
	if (r->timed_out)
		o->end = STAGE_TIMED_OUT;
	else if (r->cancelled)
		o->end = STAGE_CANCELLED;
	else if (r->code)
		judge_error(r, o);
	else if (r->before.end != STEP_OK)
		judge_before(r, o);
	else
		take_verdict(r, o);
	o->exit_code = o->end == STAGE_PASSED ? 0 : failed_code(r);
	o->totals = r->has_evidence ? &r->ledger.totals : NULL;
}
