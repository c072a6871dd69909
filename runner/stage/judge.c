/*
 * What is made of the steps, on a worker thread: reports into evidence, the stage's reaction, its verdict.  The loop does not touch the
 * job meanwhile, but for services, which keep their texts themselves.
 */
#include "base/error.h"
#include "runner/stage/running.h"
#include "runner/stage/table.h"
#include "runner/stage/totals.h"

#include <string.h>

enum { ROUNDS_MOST = 100 };

void judge_say(void *payload, const char *line)
{
	struct stage_run *r = payload;

	str_adds(&r->said, line);
	str_addc(&r->said, '\n');
}

/* ---- tools ---- */

int judge_tools(struct stage_run *r, pipe_error *err)
{
	for (uint32_t i = 0; i < r->job.tools.count; i++) {
		const struct stage_tool *tool = &r->job.tools.items[i];
		const char *what, *package = tool->package;
		struct tool_answer answer;
		int rc = tool_look(tool, &r->place, r->host.envp, &r->arena, &answer, err);

		if (rc)
			return rc;
		if (answer.state == TOOL_HERE)
			continue;
		what = tool_complaint(tool, &answer, "this job", &r->arena);
		if (!what)
			return error_nomem(err);
		return error_set(err, PIPE_EUNSUPPORTED, "%s (PATH is %.200s)%s%s", what, r->place.path,
				 !package		? ""
				 : strchr(package, ' ') ? "; "
							: "; on Debian: apt-get install ",
				 package ? package : "");
	}
	return PIPE_OK;
}

/* ---- reports ---- */

static bool make_room(struct stage_run *r)
{
	uint32_t count = r->job.reports.count;
	bool *found;

	if (count <= r->found_count)
		return true;
	found = ARENA_ARRAY(&r->arena, bool, count);
	if (!found)
		return false;
	if (r->found_count)
		memcpy(found, r->found, r->found_count * sizeof(*found));
	r->found = found;
	r->found_count = count;
	return true;
}

/* Those from `first` on that have not been found yet. */
static int read_reports(struct stage_run *r, uint32_t first, pipe_error *err)
{
	int rc = make_room(r) ? PIPE_OK : error_nomem(err);

	for (uint32_t i = first; rc == PIPE_OK && i < r->job.reports.count; i++)
		if (!r->found[i])
			rc = reading_report(&r->reading, &r->job.reports.items[i], &r->found[i], err);
	if (rc || r->reading.stopped)
		ledger_rollback(&r->ledger);
	else
		rc = ledger_commit(&r->ledger, err);
	r->has_evidence = r->ledger.round > 0;
	return rc;
}

int judge_round(struct stage_run *r, pipe_error *err)
{
	int rc = read_reports(r, r->reports_before, err);

	r->job.steps_before = r->steps_before;
	r->steps_before = r->job.steps.count;
	r->reports_before = r->job.reports.count;
	r->job.view = r->view.desk ? &r->view.view : NULL;
	if (rc || r->reading.stopped || !r->job.type->react || r->job.round >= ROUNDS_MOST)
		return rc;
	rc = r->job.type->react(&r->job, err);
	if (rc)
		ledger_rollback(&r->ledger);
	else if (r->job.steps.count > r->steps_before)
		r->job.round++;
	return rc;
}

/* ---- the verdict ---- */

static void say_complaints(struct stage_run *r)
{
	for (uint32_t i = 0; i < r->reading.complaints.count; i++)
		stage_say(&r->job, "report: %s", r->reading.complaints.items[i]);
	for (uint32_t i = 0; i < r->reading.remarks.count; i++)
		stage_say(&r->job, "report: %s", r->reading.remarks.items[i]);
}

static void look_for_missing(struct stage_run *r)
{
	for (uint32_t i = 0; i < r->job.reports.count; i++)
		if (r->job.reports.items[i].required && !r->found[i])
			reading_missing(&r->reading, &r->job.reports.items[i]);
}

/* A report that cannot be used fails the job; one that has failed anyway says both. */
static bool weigh_complaints(struct stage_run *r)
{
	struct stage_job *job = &r->job;
	const char *first = r->reading.complaints.count ? r->reading.complaints.items[0] : NULL;

	if (!first)
		return true;
	if (job->verdict == VERDICT_FAIL && job->reason)
		job->reason = r->reading.broken ? arena_printf(&r->arena, "%s; a report cannot be read: %s", job->reason, first)
						: job->reason;
	else
		job->reason = r->reading.broken ? arena_printf(&r->arena, "a report cannot be read: %s", first) : first;
	job->verdict = VERDICT_FAIL;
	return job->reason != NULL;
}

static const struct step *first_failed(const struct stage_run *r)
{
	for (uint32_t i = 0; i < r->job.steps.count; i++) {
		const struct step *s = &r->job.steps.items[i];
		if (s->state == STEP_DONE && s->end != STEP_OK)
			return s;
	}
	return NULL;
}

/* Nobody is to wonder why a job is red whose reports are green. */
static bool weigh_contradiction(struct stage_run *r)
{
	const struct evidence_totals *t = &r->ledger.totals;
	const struct step *failed = first_failed(r);
	struct stage_job *job = &r->job;

	if (job->verdict != VERDICT_FAIL || !job->reason || !failed || failed->end != STEP_FAILED || r->reading.broken ||
	    !t->has_tests || !evidence_tests(t) || t->tests[TEST_FAILED] || t->tests[TEST_ERROR] ||
	    strstr(job->reason, "although"))
		return true;
	job->reason = arena_printf(&r->arena, "%s although its reports show no failure", job->reason);
	return job->reason != NULL;
}

/* A service that did not live to the end may be why. */
static bool weigh_services(struct stage_run *r)
{
	const char *failure = services_failure(&r->services, false, NULL, &r->arena);
	struct stage_job *job = &r->job;

	if (!failure || (job->reason && strstr(job->reason, failure)))
		return true;
	if (job->verdict != VERDICT_FAIL) {
		stage_say(job, "warning: %s", failure);
		return true;
	}
	job->reason = job->reason ? arena_printf(&r->arena, "%s; %s", job->reason, failure) : failure;
	return job->reason != NULL;
}

static int evaluate(struct stage_run *r, pipe_error *err)
{
	struct stage_job *job = &r->job;
	int rc = PIPE_OK;

	job->view = r->view.desk ? &r->view.view : NULL;
	if (job->type->evaluate)
		rc = job->type->evaluate(job, err);
	else
		stage_judge_steps(job);
	if (rc == PIPE_OK && !(weigh_contradiction(r) && weigh_complaints(r) && weigh_services(r)))
		rc = error_nomem(err);
	if (rc == PIPE_OK && job->verdict != VERDICT_PASS && !job->reason)
		job->reason = "the stage gives no reason";
	return rc;
}

/* stages/stage.h says which verdicts there are. */
static bool counts_against(const char *verdict)
{
	static const char *const harmless[] = { "pass", "no data: ok", "no baseline" };

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (!strcmp(harmless[i], verdict))
			return false;
	return true;
}

static void count_conditions(struct stage_run *r)
{
	struct evidence_totals *t = &r->ledger.totals;

	t->conditions = r->job.conditions.count;
	for (uint32_t i = 0; i < r->job.conditions.count; i++)
		t->conditions_failed += counts_against(r->job.conditions.items[i].verdict);
}

static int keep_conditions(struct stage_run *r, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < r->job.conditions.count; i++)
		rc = ledger_condition(&r->ledger, &r->job.conditions.items[i], err);
	if (rc)
		ledger_rollback(&r->ledger);
	else
		rc = ledger_commit(&r->ledger, err);
	count_conditions(r);
	r->has_evidence = r->ledger.round > 0;
	return rc;
}

static int say_text(void *payload, const char *text, size_t length)
{
	struct stage_run *r = payload;

	str_add(&r->said, text, length);
	str_addc(&r->said, '\n');
	return 0;
}

static void say_results(struct stage_run *r)
{
	pipe_evidence totals;

	table_conditions(r->job.conditions.items, r->job.conditions.count, judge_say, r);
	if (!r->has_evidence)
		return;
	totals_publish(&r->ledger.totals, &totals);
	pipe_evidence_text(&totals, say_text, r);
}

int judge_all(struct stage_run *r, pipe_error *err)
{
	int rc = read_reports(r, 0, err);

	if (rc || r->reading.stopped)
		return rc;
	if (!r->failed)
		look_for_missing(r);
	say_complaints(r);
	rc = evaluate(r, err);
	if (rc) {
		ledger_rollback(&r->ledger);
		return rc;
	}
	rc = keep_conditions(r, err);
	if (rc == PIPE_OK)
		say_results(r);
	return rc;
}

/* ---- reports of ordinary jobs ---- */

static struct stage_reports *reports_of(struct desk_work *w)
{
	return (struct stage_reports *)((char *)w - offsetof(struct stage_reports, work));
}

static void work_reports(struct desk_work *w)
{
	struct stage_reports *s = reports_of(w);
	struct ledger ledger = { .desk = s->desk,
				 .run = s->run,
				 .job = s->job,
				 .name = s->name,
				 .base = s->base,
				 .mask = s->mask,
				 .again = s->again };
	struct reading reading = {
		.workspace = s->workspace, .started_ms = s->started_ms, .stop = &s->stop, .ledger = &ledger, .arena = &s->arena
	};
	bool found;

	ledger_init(&ledger);
	s->code = PIPE_OK;
	for (uint32_t i = 0; s->code == PIPE_OK && i < s->count; i++)
		s->code = reading_report(&reading, &s->reports[i], &found, &s->error);
	if (s->code == PIPE_OK && !reading.stopped)
		s->code = ledger_commit(&ledger, &s->error);
	else
		ledger_rollback(&ledger);
	s->totals = ledger.totals;
	for (uint32_t i = 0; i < reading.remarks.count; i++) {
		const char **slot = vec_push(&s->arena, &reading.complaints); /* both are warnings here */
		if (slot)
			*slot = reading.remarks.items[i];
	}
	s->complaints = reading.complaints.items;
	s->complaint_count = reading.complaints.count;
	ledger_clear(&ledger);
}

static void worked_reports(struct desk_work *w)
{
	struct stage_reports *s = reports_of(w);

	s->done(s->payload);
}

void stage_reports_start(struct stage_reports *s)
{
	s->work.work = work_reports;
	s->work.then = worked_reports;
	desk_queue(s->desk, &s->work);
}

void stage_reports_clear(struct stage_reports *s)
{
	arena_clear(&s->arena);
}
