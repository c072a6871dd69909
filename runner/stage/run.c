/*
 * Which step comes next.  Each phase ends in exactly one call of the next; a cancel only marks the run and pushes what is under way to
 * its end, so that what is always done is done, and services are stopped, on every way out.
 */
#include "runner/stage/run.h"

#include "base/error.h"
#include "runner/files/workspace.h"
#include "runner/stage/handover.h"
#include "runner/stage/running.h"
#include <unistd.h>

enum { ALWAYS_MS = 5 * 60 * 1000 }; /* what is always done has this long, as after_script has */

static void go_on(struct stage_run *r);
static void end_round(struct stage_run *r);
static void begin_last(struct stage_run *r);
static void stop_services(struct stage_run *r);
static void judge(struct stage_run *r);
static void conclude(struct stage_run *r);

int64_t run_clock(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

struct step *run_step(struct stage_run *r, uint32_t index)
{
	return index == STEP_BEFORE ? &r->before : &r->job.steps.items[index];
}

static bool is_ending(const struct stage_run *r)
{
	return r->cancelled || r->timed_out || r->code;
}

static void fail(struct stage_run *r, int code, const pipe_error *err)
{
	if (r->code)
		return;
	r->code = code;
	r->error = *err;
}

/* ---- workers ---- */

/* What they said goes to the log. */
static void show_said(struct stage_run *r)
{
	if (r->reading.stopped && !r->cancelled)
		r->timed_out = true;
	if (r->said.length)
		r->host.output(r->host.payload, r->said.data, r->said.length);
	str_reset(&r->said);
	r->host.flush(r->host.payload);
}

static void queue(struct stage_run *r, void (*work)(struct desk_work *w), void (*then)(struct desk_work *w))
{
	r->work.work = work;
	r->work.then = then;
	desk_queue(r->host.desk, &r->work);
}

/* Is there nothing in it that a worker would have to wait for?  Then the way to one costs more than the judging. */
static bool is_quick(const struct stage_run *r)
{
	return r->job.type->quick && !r->job.reports.count && !r->host.again;
}

static void queue_judging(struct stage_run *r, void (*work)(struct desk_work *w), void (*then)(struct desk_work *w))
{
	if (is_quick(r)) {
		work(&r->work);
		then(&r->work);
		return;
	}
	run_open_view(r);
	queue(r, work, then);
}

static struct stage_run *run_of(struct desk_work *w)
{
	return (struct stage_run *)((char *)w - offsetof(struct stage_run, work));
}

/* ---- steps ---- */

/* Is it not to be done?  Then neither are those behind it but for the ones that always are. */
static bool is_skipped(const struct stage_run *r, const struct step *s)
{
	if (r->now)
		return true;
	return !s->always && (r->failed || is_ending(r));
}

/* A job whose time is over, or that was cancelled, gets some more for what is always done. */
static void extend(struct stage_run *r, const struct step *s)
{
	if (r->extended || !s->always || !is_ending(r))
		return;
	r->extended = true;
	r->deadline = run_clock() + ALWAYS_MS;
}

static void step_ended(struct stage_run *r)
{
	struct step *s = run_step(r, r->current);

	r->host.flush(r->host.payload);
	step_show_waiting(r);
	s->duration_ms = run_clock() - r->step_started;
	s->log_to = r->host.line_count(r->host.payload) + 1;
	if (s->end != STEP_OK && !s->may_fail && !s->always)
		r->failed = true;
	if (!r->extended && r->deadline && run_clock() >= r->deadline)
		r->timed_out = true;
}

/* Does the steps up to `until`, and then calls what follows. */
static void go_on(struct stage_run *r)
{
	while (r->next < r->until) {
		struct step *s = run_step(r, r->current = r->next++);
		if (is_skipped(r, s)) {
			s->state = STEP_SKIPPED;
			s->exit_code = -1;
			continue;
		}
		extend(r, s);
		if (step_begin(r))
			return;
		step_ended(r);
	}
	if (r->phase == PHASE_LAST)
		stop_services(r);
	else
		end_round(r);
}

static void do_steps(struct stage_run *r, enum stage_phase phase, uint32_t from, uint32_t to)
{
	r->phase = phase;
	r->next = from;
	r->until = to;
	go_on(r);
}

/* ---- the beginning ---- */

/* The steps at the end that are always done. */
static void find_last(struct stage_run *r)
{
	r->last_from = r->last_to = r->job.steps.count;
	while (r->last_from && r->job.steps.items[r->last_from - 1].always)
		r->last_from--;
}

static int add_reports(struct stage_run *r, pipe_error *err)
{
	for (uint32_t i = 0; i < r->host.report_count; i++) {
		struct stage_report *slot = vec_push(&r->arena, &r->job.reports);
		if (!slot)
			return error_nomem(err);
		*slot = r->host.reports[i];
	}
	return PIPE_OK;
}

static void prepared(struct stage_run *r)
{
	pipe_error err;

	show_said(r);
	r->job.view = NULL;
	if (!r->code && (add_reports(r, &err) || run_make_scratch_if_wanted(r, &err)))
		fail(r, err.code, &err);
	if (is_ending(r)) {
		conclude(r);
		return;
	}
	find_last(r);
	do_steps(r, PHASE_STEPS, 0, r->last_from);
}

/* On the loop's thread, or on a worker where the type looks at earlier runs. */
static void compile(struct stage_run *r)
{
	pipe_error err = { 0 };
	int rc = r->job.type->compile(&r->job, &err);

	if (rc)
		fail(r, rc, &err);
}

static void work_prepare(struct desk_work *w)
{
	struct stage_run *r = run_of(w);
	pipe_error err = { 0 };
	int rc;

	if (r->job.view)
		compile(r);
	rc = r->code ? PIPE_OK : judge_tools(r, &err);
	if (rc)
		fail(r, rc, &err);
}

static void worked_prepare(struct desk_work *w)
{
	prepared(run_of(w));
}

static bool wants_history(const struct stage_run *r)
{
	return r->job.type->history && r->job.node_total > 1;
}

static void prepare(struct stage_run *r)
{
	if (wants_history(r)) {
		run_open_view(r);
		r->job.view = &r->view.view;
		queue(r, work_prepare, worked_prepare);
		return;
	}
	compile(r);
	if (!r->code && !r->host.tools_known && r->job.tools.count)
		queue(r, work_prepare, worked_prepare);
	else
		prepared(r);
}

void stage_run_start(struct stage_run *r)
{
	r->deadline = r->host.timeout_ms > 0 ? run_clock() + r->host.timeout_ms : 0;
	r->reading.deadline = (uint64_t)r->deadline * 1000000;
	r->phase = PHASE_PREPARING;
	if (!r->host.before) {
		prepare(r);
		return;
	}
	r->before = (struct step){ .kind = STEP_SCRIPT, .script = r->host.before };
	if (r->host.hands_over)
		r->handover = arena_printf(&r->arena, "%s.environment", r->host.files);
	r->current = STEP_BEFORE;
	if (!step_begin(r))
		run_step_ended(r);
}

/* The steps go on with the environment that it leaves; tools are looked for on its PATH. */
static void take_over(struct stage_run *r)
{
	pipe_error err;

	if (!r->handover)
		return;
	if (handover_take(&r->arena, r->handover, &r->host.envp, &err))
		fail(r, err.code, &err);
	stage_place_init(&r->place, r->host.workspace, stage_environment_get(r->host.envp, "PATH"));
	r->place.scratch = r->job.scratch;
}

void run_step_ended(struct stage_run *r)
{
	step_ended(r);
	if (r->phase != PHASE_PREPARING) {
		go_on(r);
		return;
	}
	take_over(r);
	if (r->before.end != STEP_OK || is_ending(r))
		conclude(r);
	else
		prepare(r);
}

/* ---- rounds ---- */

static void work_round(struct desk_work *w)
{
	struct stage_run *r = run_of(w);
	pipe_error err = { 0 };
	int rc = judge_round(r, &err);

	/* Nothing further is to be done: then the verdict needs no second visit. */
	if (!rc && !atomic_load(&r->stop) && r->job.steps.count == r->steps_before && r->last_from == r->last_to &&
	    !r->services.running) {
		rc = judge_all(r, &err);
		r->judged = true;
	}
	if (rc)
		fail(r, rc, &err);
}

static void worked_round(struct desk_work *w)
{
	struct stage_run *r = run_of(w);
	uint32_t from = r->steps_before;
	pipe_error err;

	show_said(r);
	if (is_ending(r) || r->job.steps.count == from) {
		begin_last(r);
		return;
	}
	if (run_make_scratch_if_wanted(r, &err)) {
		fail(r, err.code, &err);
		begin_last(r);
		return;
	}
	r->failed = false;
	do_steps(r, PHASE_STEPS, from, r->job.steps.count);
}

static void end_round(struct stage_run *r)
{
	if (is_ending(r)) {
		begin_last(r);
		return;
	}
	r->phase = PHASE_READING;
	queue_judging(r, work_round, worked_round);
}

/* ---- the end ---- */

static void begin_last(struct stage_run *r)
{
	do_steps(r, PHASE_LAST, r->last_from, r->last_to);
}

static void stop_services(struct stage_run *r)
{
	r->phase = PHASE_STOPPING;
	if (!r->services.running)
		judge(r);
	else
		services_stop(&r->services, r->now);
}

void run_service_ended(void *payload, const char *name, bool stopping)
{
	struct stage_run *r = payload;
	const struct step *s = r->prober ? run_step(r, r->current) : NULL;

	(void)name;
	(void)stopping;
	if (s && !r->service_failure) {
		r->service_failure = services_failure(&r->services, true, s->probe->service, &r->arena);
		if (r->service_failure)
			prober_cancel(r->prober, false);
	}
	if (r->phase == PHASE_STOPPING && !r->services.running) {
		r->host.flush(r->host.payload);
		step_show_waiting(r);
		judge(r);
	}
}

static void work_judge(struct desk_work *w)
{
	struct stage_run *r = run_of(w);
	pipe_error err = { 0 };
	int rc = judge_all(r, &err);

	if (rc)
		fail(r, rc, &err);
}

static void worked_judge(struct desk_work *w)
{
	struct stage_run *r = run_of(w);

	show_said(r);
	conclude(r);
}

static void judge(struct stage_run *r)
{
	if (r->judged || is_ending(r)) {
		conclude(r);
		return;
	}
	r->phase = PHASE_JUDGING;
	queue_judging(r, work_judge, worked_judge);
}

static void remove_traces(struct stage_run *r)
{
	pipe_error err;

	for (uint32_t i = 0; i < r->service_files.count; i++)
		unlink(r->service_files.items[i]);
	if (r->has_scratch && workspace_remove(r->job.scratch, &err))
		r->host.warn(r->host.payload, err.text);
}

static void conclude(struct stage_run *r)
{
	r->phase = PHASE_OVER;
	remove_traces(r);
	run_judge_outcome(r, &r->outcome);
	r->host.ended(r->host.payload, &r->outcome);
}

void stage_run_cancel(struct stage_run *r, bool now)
{
	bool was = r->cancelled;

	if (r->phase == PHASE_OVER)
		return;
	r->cancelled = true;
	r->now |= now;
	atomic_store(&r->stop, true);
	if (r->phase == PHASE_STOPPING || now)
		services_stop(&r->services, now);
	/* What is always done is let through the first time. */
	if (now || (!was && (r->task || r->prober || r->actor) && !run_step(r, r->current)->always))
		step_cancel(r, now);
}
