/*
 * What a job hands to runner/stage/: typed jobs, which are driven there from their first step to their verdict, and the reports of
 * ordinary ones, which are read into evidence when their script has ended.
 */
#include "base/error.h"
#include "runner/files/dotenv.h"
#include "runner/run/active_job.h"
#include "runner/run/facts.h"
#include "runner/run/fresh.h"
#include "runner/run/hook/hooks.h"
#include "runner/run/job/job_direct.h"
#include "runner/stage/run.h"
#include "runner/stage/totals.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_GRACE_MS = 10000, DEFAULT_TIMEOUT_MS = 60 * 60 * 1000 };

struct job_stage {
	struct stage_run *run; /* of a typed job */
	const struct stage_outcome *outcome;
	struct stage_reports reports; /* of an ordinary one */
	bool reading;
	struct job_variables variables;
	struct scope scope;
	struct action_scripts scripts;
	struct lua_run_facts run_facts;
	struct lua_job_facts job_facts;
	VEC(struct stage_report) wanted;
	void (*then)(struct active_job *x);
};

static struct job_stage *stage_of(struct active_job *x)
{
	if (!x->stage)
		x->stage = ARENA_NEW(&x->arena, struct job_stage);
	return x->stage;
}

/* ---- artifacts:reports ---- */

static const struct {
	const char *kind;
	enum finding_kind finding;
} finding_kinds[] = {
	{ "container_scanning", FINDING_VULNERABILITY },
	{ "dependency_scanning", FINDING_VULNERABILITY },
	{ "secret_detection", FINDING_SECRET },
};

static enum finding_kind finding_kind_of(const char *report)
{
	for (size_t i = 0; i < sizeof(finding_kinds) / sizeof(*finding_kinds); i++)
		if (!strcmp(finding_kinds[i].kind, report))
			return finding_kinds[i].finding;
	return FINDING_ISSUE;
}

/* What is evidence among the reports that the job's definition names. */
static int want_reports(struct active_job *x, struct job_stage *g)
{
	for (uint32_t i = 0; i < x->files.reports.count; i++) {
		const struct report *r = &x->files.reports.items[i];
		const struct report_format *format = report_for_artifact(r->kind, r->format);
		for (uint32_t k = 0; format && k < r->paths.count; k++) {
			struct stage_report *w = vec_push(&x->arena, &g->wanted);
			if (!w)
				return PIPE_ENOMEM;
			*w = (struct stage_report){ .format = format,
						    .pattern = r->paths.items[k],
						    .kind = finding_kind_of(r->kind) };
		}
	}
	return PIPE_OK;
}

/* ---- what a typed job asks of the job ---- */

static void host_output(void *payload, const char *bytes, size_t length)
{
	job_output_take(payload, bytes, length);
}

static void host_lines(void *payload, const char *text, size_t length)
{
	job_output_say(payload, text, length);
}

static void host_flush(void *payload)
{
	job_output_end_line(payload);
}

static bool host_at_line_start(void *payload)
{
	return !((struct active_job *)payload)->open_line;
}

static uint64_t host_line_count(void *payload)
{
	return log_writer_lines(((struct active_job *)payload)->log);
}

static void host_warn(void *payload, const char *sentence)
{
	struct active_job *x = payload;

	notify_warning(x->job->pipeline, x->job, "%s", sentence);
}

static int host_shell(void *payload, const char *text, const char *directory, const char *suffix, struct arena *a,
		      const char *const **argv, const char *const **envp, const char **file, pipe_error *err)
{
	struct active_job *x = payload;
	struct job_script made = { 0 };
	int rc = PIPE_OK;

	if (!job_direct_text(x->job, text, directory, a, envp, &made))
		rc = job_script_text(x->job, text, suffix, a, &made, err);
	*argv = made.argv;
	*file = made.file;
	return rc;
}

static const struct evidence_baseline *host_baseline(void *payload)
{
	return pipeline_run_baseline(((struct active_job *)payload)->job->pipeline);
}

static const struct artifacts no_artifacts = { .when = WHEN_ON_SUCCESS };

/* What the stage made is kept as what artifacts:paths names. */
static bool keep_outputs(struct active_job *x)
{
	uint32_t count;
	const char *const *outputs = stage_run_outputs(x->stage->run, &count);

	if (!count)
		return true;
	if (!x->files.artifacts) {
		x->files.artifacts = &no_artifacts;
		x->files.artifact_name = "artifacts";
	}
	for (uint32_t i = 0; i < count; i++) {
		const char **slot = vec_push(&x->arena, &x->files.paths);
		if (!slot)
			return false;
		*slot = outputs[i];
	}
	if (!vec_push(&x->arena, &x->files.paths)) /* the NULL at the end */
		return false;
	x->files.paths.count--;
	return true;
}

/* Variables for the jobs behind: as if a dotenv report had brought them. */
static int keep_exports(struct active_job *x, pipe_error *err)
{
	uint32_t count;
	const char *const *exports = stage_run_exports(x->stage->run, &count);
	struct str text;
	int rc;

	if (!count)
		return PIPE_OK;
	str_init(&text);
	for (uint32_t i = 0; i < count; i++)
		str_printf(&text, "%s\n", exports[i]);
	rc = text.failed ? error_nomem(err)
			 : dotenv_parse(x->job->plan->name, text.data, text.length, &x->files.arena, &x->files.dotenv, err);
	str_clear(&text);
	return rc;
}

static void host_ended(void *payload, const struct stage_outcome *outcome)
{
	struct active_job *x = payload;
	pipe_error err = { .code = PIPE_ENOMEM, .text = "out of memory" };
	bool good = outcome->end == STAGE_PASSED || outcome->end == STAGE_WARNED;

	x->stage->outcome = outcome;
	x->result = (struct task_result){ .end = outcome->end == STAGE_TIMED_OUT   ? TASK_TIMED_OUT
						 : outcome->end == STAGE_CANCELLED ? TASK_CANCELLED
										   : TASK_EXITED,
					  .exit_code = outcome->exit_code };
	if (outcome->end == STAGE_WARNED)
		x->result.exit_code = 0;
	if (!keep_outputs(x) || (good && keep_exports(x, &err)))
		session_fail(x->job->pipeline->session, &err);
	x->stage->then(x);
}

static const char *before_text(struct active_job *x)
{
	const struct job_settings *settings = x->job->plan->job->settings;
	struct str text;
	const char *copy;

	str_init(&text);
	for (uint32_t i = 0; settings->pre_get_sources && i < settings->pre_get_sources->count; i++)
		str_printf(&text, "(%s\n)\n", settings->pre_get_sources->items[i].text);
	for (uint32_t i = 0; i < settings->before_script.count; i++)
		str_printf(&text, "%s\n", settings->before_script.items[i].text);
	copy = text.failed ? NULL : arena_strndup(&x->arena, text.data, text.length);
	str_clear(&text);
	return copy;
}

/* What the job's scripts need; there are none without Lua in the pipeline. */
static bool describe_scripts(struct active_job *x)
{
	struct job_stage *g = x->stage;
	const struct pipeline_run *p = x->job->pipeline;

	facts_of_run(p, &g->run_facts);
	g->scripts = (struct action_scripts){ .lua = p->plan->lua,
					      .plan = p->plan->plan,
					      .run = &g->run_facts,
					      .job = &g->job_facts,
					      .base = x->job->plan->job->name,
					      .functions = p->session->project->lua.functions,
					      .fresh = fresh_wait,
					      .session = p->session };
	return facts_of_job(x->job, &x->arena, &g->job_facts);
}

static int describe(struct active_job *x, struct stage_host *h, pipe_error *err)
{
	struct job_run *j = x->job;
	struct pipe_run *s = j->pipeline->session;
	const struct job_settings *settings = j->plan->job->settings;
	struct job_stage *g = x->stage;

	*h = (struct stage_host){ .type = stage_type_of(settings->uses->type),
				  .name = j->plan->name,
				  .base = j->plan->job->name,
				  .with = settings->uses->with,
				  .at = settings->uses->at,
				  .sources = &j->pipeline->plan->sources,
				  .scope = &g->scope,
				  .lua_texts = &j->pipeline->plan->pipeline->lua_texts,
				  .scripts = j->pipeline->plan->lua ? &g->scripts : NULL,
				  .node_index = j->plan->node_index,
				  .node_total = j->plan->node_index ? j->plan->node_total : 0,
				  .before = settings->before_script.count || settings->pre_get_sources ? before_text(x) : NULL,
				  .hands_over = job_shell_is(j->plan->job, "bash") || job_shell_is(j->plan->job, "sh"),
				  .tools_known = j->tools_known,
				  .workspace = x->files.workspace,
				  .project_directory = x->files.project_directory,
				  .files = x->files.base,
				  .timeout_ms = settings->timeout_ms ? settings->timeout_ms : DEFAULT_TIMEOUT_MS,
				  .grace_ms = s->options.grace_ms ? s->options.grace_ms : DEFAULT_GRACE_MS,
				  .regex_steps = x->files.regex_steps,
				  .executor = s->executor,
				  .desk = &s->desk,
				  .run = j->pipeline->number,
				  .started_ms = j->started_ms,
				  .job = j->index,
				  .again = j->attempt > 1,
				  .mask = s->mask,
				  .baseline = host_baseline,
				  .output = host_output,
				  .lines = host_lines,
				  .flush = host_flush,
				  .at_line_start = host_at_line_start,
				  .line_count = host_line_count,
				  .warn = host_warn,
				  .shell = host_shell,
				  .ended = host_ended,
				  .payload = x };
	if (!h->type)
		return error_set(err, PIPE_EUNSUPPORTED, "there is no type of stage \"%s\"", settings->uses->name);
	if (!job_scope(j, x->files.workspace, &x->arena, &g->variables, &g->scope) || want_reports(x, g) ||
	    (h->scripts && !describe_scripts(x)))
		return error_nomem(err);
	h->reports = g->wanted.items;
	h->report_count = g->wanted.count;
	return job_environment_make(j, x->files.workspace, "running", &x->arena, &h->envp, &h->mark, err);
}

int job_stage_start(struct active_job *x, void (*then)(struct active_job *x), pipe_error *err)
{
	struct stage_host host;
	int rc = stage_of(x) ? describe(x, &host, err) : error_nomem(err);

	if (rc == PIPE_OK)
		rc = stage_run_create(&x->stage->run, &host, err);
	if (rc)
		return rc;
	x->stage->then = then;
	stage_run_start(x->stage->run);
	return PIPE_OK;
}

bool job_stage_judge(const struct active_job *x, struct outcome *o)
{
	const struct stage_outcome *s = x->stage ? x->stage->outcome : NULL;

	if (!s)
		return false;
	if (s->reason)
		snprintf(o->reason, sizeof(o->reason), "%s", s->reason);
	o->failure = s->failure;
	switch (s->end) {
	case STAGE_PASSED:
		o->status = PIPE_STATUS_SUCCESS;
		break;
	case STAGE_WARNED:
		o->status = PIPE_STATUS_WARNING;
		break;
	case STAGE_SYSTEM:
		o->cause = RETRY_RUNNER_SYSTEM_FAILURE;
		break;
	default:
		o->cause = o->failure && !strcmp(o->failure, "runner_unsupported")	? RETRY_RUNNER_UNSUPPORTED
			   : o->failure && !strcmp(o->failure, "runner_system_failure") ? RETRY_RUNNER_SYSTEM_FAILURE
											: RETRY_SCRIPT_FAILURE;
		break;
	}
	return true;
}

/* ---- reports of an ordinary job ---- */

static void on_reports(void *payload)
{
	struct active_job *x = payload;
	struct stage_reports *r = &x->stage->reports;

	x->stage->reading = false;
	for (uint32_t i = 0; i < r->complaint_count; i++)
		notify_warning(x->job->pipeline, x->job, "artifacts:reports: %s", r->complaints[i]);
	if (r->code && (x->result.end != TASK_EXITED || x->result.exit_code)) /* otherwise it is why the job fails */
		notify_warning(x->job->pipeline, x->job, "artifacts:reports: no evidence is kept: %s", r->error.text);
	x->stage->then(x);
}

const pipe_error *job_stage_lost(const struct active_job *x)
{
	return x->stage && !x->stage->run && x->stage->reports.code ? &x->stage->reports.error : NULL;
}

bool job_stage_reports(struct active_job *x, void (*then)(struct active_job *x))
{
	struct job_run *j = x->job;
	struct pipe_run *s = j->pipeline->session;
	struct job_stage *g;

	if (!x->files.reports.count || (x->stage && x->stage->run) || x->result.end == TASK_CANCELLED)
		return false;
	g = stage_of(x);
	if (!g || want_reports(x, g) || !g->wanted.count)
		return false;
	g->then = then;
	g->reading = true;
	g->reports = (struct stage_reports){ .desk = &s->desk,
					     .name = j->plan->name,
					     .base = j->plan->job->name,
					     .workspace = x->files.workspace,
					     .run = j->pipeline->number,
					     .started_ms = j->started_ms,
					     .job = j->index,
					     .again = j->attempt > 1,
					     .mask = s->mask,
					     .reports = g->wanted.items,
					     .count = g->wanted.count,
					     .done = on_reports,
					     .payload = x };
	stage_reports_start(&g->reports);
	return true;
}

/* ---- for both ---- */

static const struct evidence_totals *totals_of(const struct active_job *x)
{
	const struct job_stage *g = x->stage;

	if (hooks_totals(x))
		return hooks_totals(x);
	if (!g)
		return NULL;
	if (g->run)
		return g->outcome ? g->outcome->totals : NULL;
	return g->reports.totals.reports || g->reports.totals.broken ? &g->reports.totals : NULL;
}

const char *job_stage_contradiction(const struct active_job *x)
{
	const struct evidence_totals *t = x->stage && !x->stage->run ? totals_of(x) : NULL;

	return t && t->has_tests && evidence_tests(t) && !t->broken && !t->tests[TEST_FAILED] && !t->tests[TEST_ERROR]
		       ? " although its reports show no failure"
		       : "";
}

void job_stage_tell(struct active_job *x)
{
	const struct evidence_totals *t = totals_of(x);
	unsigned long long failed;
	pipe_evidence e;

	if (!t)
		return;
	totals_publish(t, &e);
	if (totals_are_nothing(&e))
		return;
	notify_evidence(x->job, &e);
	failed = e.failed + e.errors;
	if (!(x->stage && x->stage->run) && x->result.end == TASK_EXITED && !x->result.exit_code && failed)
		notify_warning(x->job->pipeline, x->job, "the script succeeded although its reports show %llu failed test%s",
			       failed, failed == 1 ? "" : "s");
}

void job_stage_cancel(struct active_job *x, bool now)
{
	struct job_stage *g = x->stage;

	if (g && g->run && !g->outcome)
		stage_run_cancel(g->run, now);
	else if (g && g->reading && now)
		atomic_store(&g->reports.stop, true);
}

void job_stage_free(struct active_job *x)
{
	if (!x->stage)
		return;
	stage_run_free(x->stage->run);
	stage_reports_clear(&x->stage->reports);
	x->stage = NULL;
}
