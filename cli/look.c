/* Looking without running: lint, plan, graph, schema, explain.  The views are the library's. */
#include "cli/cli.h"

#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

struct format_view {
	const char *format; /* NULL: the default */
	enum pipe_view view;
};

static enum pipe_view view_of(const struct cli *c, const struct format_view *rows)
{
	for (; rows->format; rows++)
		if (c->set.format && !strcmp(rows->format, c->set.format))
			break;
	return rows->view;
}

static void name_jobs(const struct cli *c, pipe_plan_options *o)
{
	if (c->set.arguments.count)
		o->jobs = c->set.arguments.items;
}

/* ---- lint ---- */

static const char *const lint_formats[] = { "text", "json", "sarif", NULL };
static const struct option lint_options[] = {
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text, json or sarif", lint_formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const lint_tables[] = { lint_options, plan_options, NULL };

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void say_valid(struct cli *c, const pipe_plan *plan)
{
	size_t jobs = 0, stages = 0, warnings = pipe_plan_diagnostic_count(plan, PIPE_WARNING);
	const char *last = NULL;
	pipe_job_info job;

	/* Jobs come stage by stage. */
	for (size_t i = 0; !pipe_plan_job(plan, i, &job); i++) {
		jobs++;
		stages += !last || strcmp(last, job.stage);
		last = job.stage;
	}
	out_format(c->out, "the pipeline is valid: %zu job%s in %zu stage%s", jobs, plural(jobs), stages, plural(stages));
	if (warnings)
		out_format(c->out, ", %zu warning%s", warnings, plural(warnings));
	out_text(c->out, "\n");
}

static int lint_as_data(struct cli *c, pipe_project *project, const pipe_plan_options *o, pipe_plan **plan)
{
	pipe_error err = { 0 };
	int rc = pipe_plan_load(plan, project, o, &err);
	int status;

	if (!*plan)
		return say_error(c, &err);
	status = show_view(c, *plan, !strcmp(c->set.format, "sarif") ? PIPE_VIEW_DIAGNOSTICS_SARIF : PIPE_VIEW_DIAGNOSTICS_JSON,
			   NULL);
	if (status || !rc)
		return status;
	return pipe_plan_diagnostic_count(*plan, PIPE_ERROR) ? exit_of(rc) : say_error(c, &err);
}

static int lint(struct cli *c)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	int status = open_project(c, &project);

	if (!status)
		status = fill_plan_options(c, project, &o);
	if (status)
		goto done;
	if (c->set.format && strcmp(c->set.format, "text")) {
		status = lint_as_data(c, project, &o, &plan);
		goto done;
	}
	status = load_plan(c, project, &o, &plan);
	if (!status && !c->set.quiet)
		say_valid(c, plan);
done:
	pipe_plan_free(plan);
	pipe_project_free(project);
	return status;
}

const struct command command_lint = {
	"lint",
	"",
	"check the pipeline file",
	"Says everything that is wrong with the pipeline file and the files that it includes, each with its place and what would "
	"be right. Exits with 0 when the pipeline could run and with 2 when not.",
	"pipe lint\npipe lint --format sarif --file ci/main.yml >lint.sarif\n",
	lint_tables,
	0,
	0,
	lint,
	false,
};

/* ---- plan, graph ---- */

static int look_at_plan(struct cli *c, enum pipe_view view)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	int status = open_project(c, &project);

	if (!status)
		status = fill_plan_options(c, project, &o);
	name_jobs(c, &o);
	if (!status)
		status = load_plan(c, project, &o, &plan);
	if (!status)
		status = show_view(c, plan, view, NULL);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return status;
}

static const char *const plan_formats[] = { "text", "json", NULL };
static const struct option plan_own[] = {
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", plan_formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const plan_tables[] = { plan_own, selection_options, plan_options, NULL };

static int plan_command(struct cli *c)
{
	static const struct format_view views[] = { { "json", PIPE_VIEW_PLAN_JSON }, { NULL, PIPE_VIEW_PLAN_TEXT } };

	return look_at_plan(c, view_of(c, views));
}

const struct command command_plan = {
	"plan",
	"[JOB...]",
	"show which jobs would run, in which order, and why",
	"Each job is listed with the rule that puts it into the pipeline or keeps it out, and that rule's line.",
	"pipe plan\npipe plan --as merge_request:main\npipe plan deploy --format json\n",
	plan_tables,
	0,
	SIZE_MAX,
	plan_command,
	false,
};

static const char *const graph_formats[] = { "ascii", "dot", "mermaid", "svg", NULL };
static const struct option graph_own[] = {
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "ascii, dot, mermaid or svg", graph_formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const graph_tables[] = { graph_own, selection_options, plan_options, NULL };

static int graph(struct cli *c)
{
	static const struct format_view views[] = { { "dot", PIPE_VIEW_GRAPH_DOT },
						    { "mermaid", PIPE_VIEW_GRAPH_MERMAID },
						    { "svg", PIPE_VIEW_GRAPH_SVG },
						    { NULL, PIPE_VIEW_GRAPH_ASCII } };

	return look_at_plan(c, view_of(c, views));
}

const struct command command_graph = {
	"graph",
	"[JOB...]",
	"draw the jobs and what they need",
	NULL,
	"pipe graph\npipe graph --format svg >pipeline.svg\n",
	graph_tables,
	0,
	SIZE_MAX,
	graph,
	false,
};

/* ---- schema, explain ---- */

static int schema(struct cli *c)
{
	return show_view(c, NULL, PIPE_VIEW_SCHEMA, NULL);
}

const struct command command_schema = {
	"schema",
	"",
	"print the JSON Schema of the pipeline language",
	"For editors: what may stand in a pipeline file, with a line of help for each keyword.",
	"pipe schema >pipe.schema.json\n",
	NULL,
	0,
	0,
	schema,
	false,
};

static const struct option explain_own[] = {
	{ "job", 0, OPTION_ON, FIELD(job_view), NULL, "a job, where a keyword has the same name", NULL },
	{ "all", 0, OPTION_ON, FIELD(all), NULL, "the whole keyword reference, as Markdown", NULL },
	{ "predefined", 0, OPTION_ON, FIELD(predefined), NULL, "the predefined variables, as Markdown", NULL },
	{ "stages", 0, OPTION_ON, FIELD(stages_view), NULL, "the reference of the types of stages, as Markdown", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const explain_tables[] = { explain_own, plan_options, NULL };

/* PIPE_OK: its help has gone to standard output. */
static int explain_keyword(struct cli *c, const char *subject, pipe_error *err)
{
	pipe_view_options o = PIPE_VIEW_OPTIONS_INIT;
	unsigned rows;

	o.subject = subject;
	o.colour = c->term.colour;
	term_size(&c->term, &o.width, &rows);
	return pipe_plan_view(NULL, PIPE_VIEW_KEYWORD, &o, out_receive, c->out, err);
}

static int explain_job(struct cli *c, const char *subject)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	int status = open_project(c, &project);

	if (!status)
		status = fill_plan_options(c, project, &o);
	if (!status)
		status = load_plan(c, project, &o, &plan);
	if (!status)
		status = show_view(c, plan, PIPE_VIEW_JOB, subject);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return status;
}

/* ---- explain what has the name of a type of stage ---- */

static int collect(void *payload, const char *text, size_t length)
{
	struct str *page = payload;

	str_add(page, text, length);
	return page->failed;
}

/* The help of prefix and subject together; false: there is none (or no memory). */
static bool render_page(struct cli *c, const char *prefix, const char *subject, struct str *page)
{
	pipe_view_options o = PIPE_VIEW_OPTIONS_INIT;
	struct str name;
	bool ok;

	str_init(&name);
	str_printf(&name, "%s%s", prefix, subject);
	o.subject = name.data;
	o.colour = c->term.colour;
	str_reset(page);
	ok = !name.failed && !pipe_plan_view(NULL, PIPE_VIEW_KEYWORD, &o, collect, page, NULL);
	str_clear(&name);
	return ok;
}

/* A type's page, and that of a keyword of the same name. */
static bool type_page(struct cli *c, const char *subject, struct str *page)
{
	return !strchr(subject, ':') && render_page(c, "uses:", subject, page) && render_page(c, "", subject, page);
}

/* The page as comments behind a job, which stays YAML. */
static void print_commented(struct cli *c, const char *page)
{
	while (*page) {
		size_t n = strcspn(page, "\n");
		out_text(c->out, n ? "# " : "#");
		out_write(c->out, page, n);
		out_text(c->out, "\n");
		page += n + (page[n] == '\n');
	}
}

/* Jobs are often named like types of stages: the job, if there is one here, comes first.  A pipeline that cannot be read is not what
 * was asked about, and nothing is said of it. */
static int explain_type(struct cli *c, const char *subject, const char *page)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	pipe_view_options view = PIPE_VIEW_OPTIONS_INIT;
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	struct str job;
	int status = open_project(c, &project);

	if (!status)
		status = fill_plan_options(c, project, &o);
	str_init(&job);
	view.subject = subject;
	view.colour = c->term.colour;
	if (!status && !pipe_plan_load(&plan, project, &o, NULL) &&
	    !pipe_plan_view(plan, PIPE_VIEW_JOB, &view, collect, &job, NULL)) {
		out_str(c->out, &job);
		out_text(c->out, "\n");
		print_commented(c, page);
	} else {
		out_text(c->out, page);
	}
	str_clear(&job);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return status;
}

/* ---- explain a type of stage that a team wrote ---- */

/* "./stages/my_scan.lua", or a parameter of it: "./stages/my_scan.lua:files". */
static bool is_lua(const char *subject)
{
	size_t length = strcspn(subject, ":");

	return length > 4 && !strncmp(subject + length - 4, ".lua", 4) && !strpbrk(subject, "\"\\\n");
}

/* A pipeline of one job that uses it: parameters that the job lacks are no matter. */
static int explain_lua(struct cli *c, const char *subject)
{
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	pipe_view_options view = PIPE_VIEW_OPTIONS_INIT;
	pipe_error err = { 0 };
	pipe_project *project = NULL;
	pipe_plan *plan = NULL;
	struct str text;
	int status = open_project(c, &project);

	if (!status)
		status = fill_plan_options(c, project, &o);
	str_init(&text);
	str_printf(&text, "explain:\n  uses: \"%.*s\"\n", (int)strcspn(subject, ":"), subject);
	o.file = "explain";
	o.text = text.data;
	view.subject = subject;
	view.colour = c->term.colour;
	if (!status)
		pipe_plan_load(&plan, project, &o, &err);
	if (!status && !plan)
		status = say_error(c, &err);
	else if (!status && pipe_plan_view(plan, PIPE_VIEW_KEYWORD, &view, out_receive, c->out, NULL) != PIPE_OK)
		status = say_error(c, &err);
	str_clear(&text);
	pipe_plan_free(plan);
	pipe_project_free(project);
	return status;
}

static int explain_subject(struct cli *c, const char *subject)
{
	pipe_error err = { 0 };
	struct str page;
	int status;

	if (!c->set.job_view && is_lua(subject))
		return explain_lua(c, subject);
	str_init(&page);
	if (!c->set.job_view && type_page(c, subject, &page))
		status = explain_type(c, subject, page.data);
	else if (!c->set.job_view && explain_keyword(c, subject, &err) == PIPE_OK)
		status = EXIT_OK;
	else
		status = explain_job(c, subject);
	if (status && err.code)
		say_error(c, &err); /* it may have been meant as a keyword */
	str_clear(&page);
	return status;
}

static int explain(struct cli *c)
{
	if (c->set.all)
		return show_view(c, NULL, PIPE_VIEW_REFERENCE, NULL);
	if (c->set.stages_view)
		return show_view(c, NULL, PIPE_VIEW_STAGES, NULL);
	if (c->set.predefined)
		return show_view(c, NULL, PIPE_VIEW_PREDEFINED, NULL);
	if (!c->set.arguments.count)
		return usage_error(
			c, "explain what?  A keyword such as \"artifacts:paths\", a type of stage, or a job of the pipeline");
	return explain_subject(c, c->set.arguments.items[0]);
}

const struct command command_explain = {
	"explain",
	"KEYWORD|STAGE|JOB",
	"explain a keyword or a type of stage, or show a job as it is after all merging",
	"A job is shown with everything that include, extends, default and references brought into it, each key with the place "
	"that it came from.  The types of stages are listed by `pipe explain uses`; one of your own is explained by "
	"the path of its Lua file.",
	"pipe explain artifacts:expire_in\npipe explain test:reports\npipe explain --job release\n",
	explain_tables,
	0,
	1,
	explain,
	false,
};
