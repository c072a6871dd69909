/* Running: run, retry. */
#include "base/json.h"
#include "cli/drive.h"
#include "cli/output/when.h"

#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static struct view *create_view(struct cli *c, const pipe_plan *plan)
{
	static const struct {
		const char *format;
		struct view *(*create)(struct cli *c, const pipe_plan *plan);
	} views[] = { { "tty", tty_view_create }, { "plain", plain_view_create }, { "json", ndjson_view_create } };
	const char *format = c->set.format ? c->set.format : c->term.tty ? "tty" : "plain";

	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		if (!strcmp(views[i].format, format))
			return views[i].create(c, plan);
	return NULL;
}

static void diagnostic_event(struct cli *c, const pipe_diagnostic *d)
{
	static const char *const severities[] = { [PIPE_ERROR] = "error", [PIPE_WARNING] = "warning", [PIPE_NOTE] = "note" };
	struct json j;
	struct str s;

	str_init(&s);
	jsonw_init(&j, &s, false);
	jsonw_object(&j);
	jsonw_kstring(&j, "event", "diagnostic");
	jsonw_kint(&j, "time", now_ms());
	jsonw_kstring(&j, "severity", severities[d->severity]);
	jsonw_kstring(&j, "code", d->code);
	jsonw_kstring(&j, "file", d->file);
	jsonw_kint(&j, "line", d->line);
	jsonw_kint(&j, "column", d->column);
	jsonw_kint(&j, "length", d->length);
	jsonw_kstring(&j, "message", d->message);
	jsonw_kstring(&j, "hint", d->hint);
	jsonw_object_end(&j);
	str_addc(&s, '\n');
	out_str(c->out, &s);
	str_clear(&s);
}

static void diagnostic_events(struct cli *c, const pipe_plan *plan)
{
	const pipe_diagnostic *d;

	for (size_t i = 0; (d = pipe_plan_diagnostic(plan, i)); i++)
		diagnostic_event(c, d);
}

/* ---- nothing to run ---- */

/* The reason that all jobs share for being out, with its place, or a general one. */
static const char *why_nothing(struct cli *c, const pipe_plan *plan)
{
	const char *reason = NULL, *file = NULL, *text;
	unsigned line = 0;
	pipe_job_info job;

	for (size_t i = 0; !pipe_plan_job(plan, i, &job); i++) {
		if (reason && job.reason && strcmp(reason, job.reason))
			return "no job is in this pipeline; `pipe plan` says why";
		if (!reason && job.reason) {
			reason = job.reason;
			file = job.reason_file;
			line = job.reason_line;
		}
	}
	if (!reason)
		return "the pipeline has no jobs";
	text = file ? arena_printf(&c->arena, "%s:%u: %s", file, line, reason) : reason;
	return text ? text : reason;
}

static bool has_jobs(const pipe_plan *plan)
{
	pipe_job_info job;

	for (size_t i = 0; !pipe_plan_job(plan, i, &job); i++)
		if (job.included)
			return true;
	return false;
}

static int say_nothing_to_run(struct cli *c, const pipe_plan *plan)
{
	const char *why = why_nothing(c, plan);
	pipe_event event = { .kind = PIPE_EVENT_WARNING, .time_ms = now_ms() };

	if (is_json(c)) {
		event.text = arena_printf(&c->arena, "nothing to run: %s", why);
		pipe_event_json(&event, out_receive, c->out);
	}
	say(c, "nothing to run: %s", why);
	return EXIT_OK;
}

/* ---- the way from the plan to the end ---- */

static pipe_run_options run_options(const struct cli *c)
{
	pipe_run_options o = PIPE_RUN_OPTIONS_INIT;

	o.max_jobs = (unsigned)(c->set.max_jobs < 100000 ? c->set.max_jobs : 100000);
	o.keep_going = !c->set.fail_fast;
	o.isolate = c->set.isolate;
	o.durable = c->set.durable;
	o.subreaper = 1;
	return o;
}

/* What a run repeats; 0 and 0: nothing. */
struct past {
	int64_t retry_of, resume;
};

static int start(struct cli *c, pipe_project *project, const pipe_plan *plan, const struct past *past)
{
	pipe_run_options o = run_options(c);
	struct view *view;
	int status;

	if (!has_jobs(plan))
		return say_nothing_to_run(c, plan);
	view = create_view(c, plan);
	if (!view) {
		say(c, "out of memory");
		return EXIT_ENVIRONMENT;
	}
	o.retry_of = past->retry_of;
	o.resume = past->resume;
	status = drive(c, project, plan, &o, view);
	view->ops->free(view);
	return status;
}

static int show_dry_run(struct cli *c, const pipe_plan *plan)
{
	return show_view(c, plan, is_json(c) ? PIPE_VIEW_PLAN_JSON : PIPE_VIEW_PLAN_TEXT, NULL);
}

struct comparison {
	const pipe_plan *plan;
	size_t same;
	bool differs;
};

static int compare_job(void *payload, const pipe_job_record *job)
{
	struct comparison *x = payload;
	pipe_job_info now;

	if (!pipe_plan_job(x->plan, job->index, &now) && now.included && !strcmp(now.name, job->name))
		x->same++;
	else
		x->differs = true;
	return 0;
}

/* Can the run go on under its number?  Not when the file has got other jobs since. */
static bool same_jobs(pipe_project *project, const pipe_plan *plan, int64_t run)
{
	struct comparison x = { plan, 0, false };
	size_t now = 0;
	pipe_job_info job;

	for (size_t i = 0; !pipe_plan_job(plan, i, &job); i++)
		now += job.included;
	return !pipe_history_jobs(project, run, compare_job, &x, NULL) && !x.differs && x.same == now;
}

static int plan_and_start(struct cli *c, pipe_project *project, const pipe_plan_options *o, struct past *past)
{
	pipe_plan *plan = NULL;
	int status = load_plan(c, project, o, &plan);

	if (!status && past->resume && !same_jobs(project, plan, past->resume)) {
		say(c, "the pipeline has other jobs than in run %lld: a new run keeps what succeeded there",
		    (long long)past->resume);
		past->retry_of = past->resume;
		past->resume = 0;
	}

	if (plan && is_json(c) && !c->set.dry_run)
		diagnostic_events(c, plan);
	if (!status)
		status = c->set.dry_run ? show_dry_run(c, plan) : start(c, project, plan, past);
	pipe_plan_free(plan);
	return status;
}

struct past_run {
	int64_t number;
	enum pipe_status status;
};

static int take_run(void *payload, const pipe_run_record *run)
{
	struct past_run *past = payload;

	past->number = run->number;
	past->status = run->status;
	return 0;
}

/* The options of a run of the past (0: the last one), as a base for repeating it. */
static int past_options(struct cli *c, pipe_project *project, int64_t run, struct past_run *past, pipe_plan_options *o)
{
	pipe_error err = { 0 };

	if (pipe_history_run(project, run, take_run, past, &err) || pipe_history_plan_options(project, past->number, o, &err))
		return say_error(c, &err);
	return EXIT_OK;
}

static int say_nothing_to_repeat(struct cli *c, const struct past_run *past)
{
	say(c, "run %lld succeeded: there is nothing to repeat", (long long)past->number);
	return EXIT_OK;
}

/* ---- run ---- */

static const struct option run_own[] = {
	{ "dry-run", 'n', OPTION_ON, FIELD(dry_run), NULL, "show the plan instead (as `pipe plan`)", NULL },
	{ "from-failed", 0, OPTION_ON, FIELD(from_failed), NULL, "repeat the last run: only what did not succeed", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const run_tables[] = { run_own, execution_options, selection_options, plan_options, NULL };

static int repeat_last(struct cli *c, pipe_project *project, pipe_plan_options *o)
{
	struct past_run last = { 0, PIPE_STATUS_RUNNING };
	struct past past = { 0, 0 };
	int status = past_options(c, project, 0, &last, o);

	if (!status && last.status == PIPE_STATUS_SUCCESS)
		return say_nothing_to_repeat(c, &last);
	if (!status)
		status = fill_plan_options(c, project, o);
	past.retry_of = last.number;
	if (c->set.arguments.count)
		o->jobs = c->set.arguments.items;
	return status ? status : plan_and_start(c, project, o, &past);
}

static int run_command(struct cli *c)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	struct past nothing = { 0, 0 };
	pipe_project *project = NULL;
	int status = open_project(c, &project);

	if (status)
		return status;
	if (c->set.from_failed) {
		status = repeat_last(c, project, &o);
	} else {
		status = fill_plan_options(c, project, &o);
		if (c->set.arguments.count)
			o.jobs = c->set.arguments.items;
		if (!status)
			status = plan_and_start(c, project, &o, &nothing);
	}
	pipe_project_free(project);
	return status;
}

const struct command command_run = {
	"run",
	"[JOB...]",
	"run the pipeline, or some of its jobs with what they need",
	"Exits with 0 when the run succeeded, 1 when a job failed, 2 when the pipeline file or the command line is wrong, 3 when "
	"something around it is (no disk space, no network) and 130 when it was cancelled. Ctrl-C ends the jobs and lets their "
	"after_script run; a second Ctrl-C ends at once.",
	"pipe run\npipe run test --variable DEBUG=1\npipe run --as merge_request:main -j4\n"
	"# the deployment that waits for a click in GitLab\npipe run --manual deploy\n",
	run_tables,
	0,
	SIZE_MAX,
	run_command,
	false,
};

/* ---- retry ---- */

static const struct option retry_own[] = {
	{ "secret", 0, OPTION_LIST, FIELD(secrets), "KEY[=VALUE]",
	  "give a secret of the run again; one that is in the environment need not be named", NULL },
	{ "strict", 0, OPTION_ON, FIELD(strict), NULL, "refuse what this executor cannot honour", NULL },
	{ "offline", 0, OPTION_ON, FIELD(offline), NULL, "take included files from the cache only", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const retry_tables[] = { execution_options, retry_own, NULL };

struct keeper {
	struct cli *c;
	size_t room;
};

static int keep_succeeded(void *payload, const pipe_job_record *job)
{
	struct keeper *k = payload;
	struct words *kept = job->status == PIPE_STATUS_WARNING ? &k->c->kept_warnings : &k->c->kept;
	const char *name;

	if (job->status != PIPE_STATUS_SUCCESS && job->status != PIPE_STATUS_WARNING)
		return 0;
	name = kept->count < k->room ? arena_strdup(&k->c->arena, job->name) : NULL;
	if (name)
		kept->items[kept->count++] = name;
	return !name;
}

static int count_job(void *payload, const pipe_job_record *job)
{
	(void)job;
	++*(size_t *)payload;
	return 0;
}

/* So that the view knows from the beginning what is done. */
static int find_kept(struct cli *c, pipe_project *project, int64_t run)
{
	struct keeper k = { c, 0 };
	pipe_error err = { 0 };

	if (pipe_history_jobs(project, run, count_job, &k.room, &err))
		return say_error(c, &err);
	c->kept.items = ARENA_ARRAY(&c->arena, const char *, k.room + 1);
	c->kept_warnings.items = ARENA_ARRAY(&c->arena, const char *, k.room + 1);
	if (!c->kept.items || !c->kept_warnings.items) {
		say(c, "out of memory");
		return EXIT_ENVIRONMENT;
	}
	return pipe_history_jobs(project, run, keep_succeeded, &k, &err) ? say_error(c, &err) : EXIT_OK;
}

/* Without names the run itself goes on; with names it is a new run that keeps what has succeeded. */
static int repeat(struct cli *c, pipe_project *project, int64_t run, const char *const *jobs)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	struct past_run which = { 0, PIPE_STATUS_RUNNING };
	struct past past = { 0, 0 };
	int status = past_options(c, project, run, &which, &o);

	if (!status && which.status == PIPE_STATUS_SUCCESS)
		return say_nothing_to_repeat(c, &which);
	if (!status)
		status = fill_plan_options(c, project, &o);
	if (jobs) {
		o.jobs = jobs;
		past.retry_of = which.number;
	} else if (!status) {
		past.resume = which.number;
		status = find_kept(c, project, which.number);
	}
	return status ? status : plan_and_start(c, project, &o, &past);
}

static int retry(struct cli *c)
{
	const struct words *args = &c->set.arguments;
	pipe_project *project = NULL;
	int64_t run = 0;
	size_t numbered = args->count && run_number(args->items[0], &run);
	int status = open_history(c, &project);

	if (!status)
		status = repeat(c, project, run, args->count > numbered ? args->items + numbered : NULL);
	pipe_project_free(project);
	return status;
}

const struct command command_retry = {
	"retry",
	"[RUN] [JOB...]",
	"repeat what did not succeed in a run",
	"Without RUN, or with \"last\", the last run is meant. The pipeline file is read anew; variables, inputs and the kind of pipeline are those of "
	"the run. What had succeeded is kept with its artifacts, and the run goes on under its number; when the file has got other "
	"jobs since, a new run takes over. With JOB it is a new run of the named jobs and what they need, as far as that did not "
	"succeed.",
	"pipe retry\npipe retry 12 test\n",
	retry_tables,
	0,
	SIZE_MAX,
	retry,
	false,
};
