/* Keeping the history: cancel, gc. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output/when.h"

#include <inttypes.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };

/* ---- cancel ---- */

static int take_number(void *payload, const pipe_run_record *run)
{
	*(int64_t *)payload = run->number;
	return 0;
}

static int cancel(struct cli *c)
{
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int64_t run = 0;
	int status;

	if (c->set.arguments.count && !run_number(c->set.arguments.items[0], &run))
		return usage_error(c, "a run is a number or \"last\", not \"%s\"", c->set.arguments.items[0]);
	status = open_history(c, &project);
	if (status)
		return status;
	if (pipe_history_run(project, run, take_number, &run, &err) || pipe_history_cancel(project, run, &err))
		status = say_error(c, &err);
	else if (is_json(c))
		out_format(c->out, "{\"run\": %" PRId64 ", \"cancelled\": true}\n", run);
	else if (!c->set.quiet)
		out_format(c->out, "run %" PRId64 " is being cancelled\n", run);
	pipe_project_free(project);
	return status;
}

static const struct option cancel_own[] = {
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const cancel_tables[] = { cancel_own, NULL };

const struct command command_cancel = {
	"cancel",
	"[RUN]",
	"cancel a run that another terminal drives",
	"Without RUN, or with \"last\", the last run is meant. Its jobs are told to end, and their after_script still runs.",
	"pipe cancel\npipe cancel 12\n",
	cancel_tables,
	0,
	1,
	cancel,
	false,
};

/* ---- gc ---- */

static void gc_text(struct cli *c, const pipe_gc_result *r)
{
	char bytes[WHEN_SIZE];

	out_format(c->out, "%s %" PRIu32 " run%s, %" PRIu32 " artifact%s and %" PRIu32 " cache%s: %s\n",
		   c->set.dry_run ? "would remove" : "removed", r->runs, r->runs == 1 ? "" : "s", r->artifacts,
		   r->artifacts == 1 ? "" : "s", r->caches, r->caches == 1 ? "" : "s", when_bytes(r->bytes, bytes));
}

static void gc_json(struct cli *c, const pipe_gc_result *r)
{
	struct json j;
	struct str s;

	str_init(&s);
	jsonw_init(&j, &s, true);
	jsonw_object(&j);
	jsonw_kbool(&j, "dry_run", c->set.dry_run);
	jsonw_kint(&j, "runs", r->runs);
	jsonw_kint(&j, "artifacts", r->artifacts);
	jsonw_kint(&j, "caches", r->caches);
	jsonw_kint(&j, "bytes", (int64_t)r->bytes);
	jsonw_object_end(&j);
	str_addc(&s, '\n');
	out_str(c->out, &s);
	str_clear(&s);
}

static int gc(struct cli *c)
{
	pipe_gc_options o = PIPE_GC_OPTIONS_INIT;
	pipe_gc_result result = { 0, 0, 0, 0 };
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int status;

	if (!c->set.max_runs || !c->set.max_size || !c->set.max_age)
		return usage_error(c, "a limit of 0 would leave nothing; to forget everything, delete the state directory");
	if (c->set.max_runs > UINT32_MAX && c->set.max_runs != UINT64_MAX)
		return usage_error(c, "--max-runs is too large");
	status = open_history(c, &project);
	if (status)
		return status;
	o.max_age_ms = c->set.max_age > 0 ? c->set.max_age : 0;
	o.max_runs = c->set.max_runs != UINT64_MAX ? (uint32_t)c->set.max_runs : 0;
	o.max_bytes = c->set.max_size != UINT64_MAX ? c->set.max_size : 0;
	o.dry_run = c->set.dry_run;
	if (pipe_history_gc(project, &o, &result, &err))
		status = say_error(c, &err);
	else if (is_json(c))
		gc_json(c, &result);
	else if (!c->set.quiet)
		gc_text(c, &result);
	pipe_project_free(project);
	return status;
}

static const struct option gc_own[] = {
	{ "max-age", 0, OPTION_DURATION, FIELD(max_age), "DURATION", "remove runs that are older: 30d, 12h", NULL },
	{ "max-runs", 0, OPTION_NUMBER, FIELD(max_runs), "N", "keep the newest N runs", NULL },
	{ "max-size", 0, OPTION_SIZE, FIELD(max_size), "SIZE", "remove the oldest until no more is used: 500M, 10G", NULL },
	{ "dry-run", 'n', OPTION_ON, FIELD(dry_run), NULL, "say what would be removed", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const gc_tables[] = { gc_own, NULL };

const struct command command_gc = {
	"gc",
	"",
	"remove old runs, expired artifacts and unused caches",
	"Without limits only what has expired is removed. What is running stays, and so does the last run of each pipeline file.",
	"pipe gc --max-age 30d --max-size 5G\npipe gc --max-runs 100 --dry-run\n",
	gc_tables,
	0,
	0,
	gc,
	false,
};
