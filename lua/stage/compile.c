/* compile(ctx) of a stage type of a team's own: called, and what it returns taken over as steps, reports, tools and outputs. */
#include "base/error.h"
#include "lua/call.h"
#include "lua/stage/inside.h"

#include <string.h>

enum { STEPS_MOST = 1000, REPORTS_MOST = 1000 };

static const char *const compiled_members[] = { "steps", "reports", "outputs", NULL };
static const char *const step_members[] = { "run",	 "script", "service", "action",	  "with",   "name",  "title",
					    "directory", "env",	   "timeout", "may_fail", "always", "quiet", NULL };
static const char *const report_members[] = { "path", "output", "format", "required", "tool", "kind", NULL };

/* ---- steps ---- */

/* Relative to the workspace, and in it. */
static bool check_directory(struct reading_value *r, const char *what, const char *directory)
{
	for (const char *c = directory; c && *c; c += strcspn(c, "/"), c += *c == '/')
		if (!strncmp(c, "..", 2) && (!c[2] || c[2] == '/'))
			return value_wrong(r, "%s.directory: \"%.100s\" leads out of the workspace", what, directory);
	if (directory && *directory == '/')
		return value_wrong(r, "%s.directory: \"%.100s\" is absolute; it must be relative to the workspace", what,
				   directory);
	return true;
}

static bool read_argv(struct reading_value *r, const json_t *one, const char *what, const char *name, struct step *step)
{
	if (!json_is_array(json_object_get(one, name)) || !json_array_size(json_object_get(one, name)))
		return value_wrong(r, "%s.%s must be a list: the program and its arguments ({ \"make\", \"all\" }); it is %s",
				   what, name, value_describe(json_object_get(one, name)));
	return value_texts(r, one, what, name, &step->argv);
}

static bool read_run(struct stage_job *job, const json_t *one, const char *what, struct step *step, struct reading_value *r)
{
	(void)job;
	return read_argv(r, one, what, "run", step);
}

static bool read_script(struct stage_job *job, const json_t *one, const char *what, struct step *step, struct reading_value *r)
{
	(void)job;
	return value_text(r, one, what, "script", &step->script);
}

static bool read_service(struct stage_job *job, const json_t *one, const char *what, struct step *step, struct reading_value *r)
{
	(void)job;
	if (!value_text(r, one, what, "name", &step->service))
		return false;
	if (!step->service)
		return value_wrong(r, "%s is a service: it needs a name", what);
	return read_argv(r, one, what, "service", step);
}

static bool read_action(struct stage_job *job, const json_t *one, const char *what, struct step *step, struct reading_value *r)
{
	const json_t *with = json_object_get(one, "with");
	const char *name = NULL;

	if (with && !value_is_table(with) && !json_is_null(with))
		return value_wrong(r, "%s.with must be a table; it is %s", what, value_describe(with));
	if (!value_text(r, one, what, "action", &name))
		return false;
	what = arena_printf(r->arena, "%s.with", what);
	step->action = name && what ? lua_stage_action(job, name, with, what, r) : NULL;
	if (!step->title)
		step->title = name;
	return step->action || value_nomem(r);
}

static const struct {
	const char *name;
	enum step_kind kind;
	bool (*read)(struct stage_job *job, const json_t *one, const char *what, struct step *step, struct reading_value *r);
} step_kinds[] = { { "run", STEP_COMMAND, read_run },
		   { "script", STEP_SCRIPT, read_script },
		   { "service", STEP_SERVICE, read_service },
		   { "action", STEP_ACTION, read_action } };
enum { STEP_KINDS = sizeof(step_kinds) / sizeof(*step_kinds) };

/* Which of the kinds it is; STEP_KINDS: none, or several. */
static size_t kind_of(const json_t *one)
{
	size_t found = STEP_KINDS;

	for (size_t i = 0; i < STEP_KINDS; i++) {
		if (!json_object_get(one, step_kinds[i].name))
			continue;
		if (found != STEP_KINDS)
			return STEP_KINDS;
		found = i;
	}
	return found;
}

static bool read_step(struct stage_job *job, const json_t *one, const char *what, struct step *step, struct reading_value *r)
{
	size_t kind = kind_of(one);

	if (!value_is_table(one))
		return value_wrong(r, "%s must be a table ({ run = { \"make\" } }); it is %s", what, value_describe(one));
	if (!value_members(r, one, what, step_members))
		return false;
	if (kind == STEP_KINDS)
		return value_wrong(r, "%s needs one of run, script, service and action", what);
	step->kind = step_kinds[kind].kind;
	if (step->kind != STEP_ACTION && json_object_get(one, "with"))
		return value_wrong(r, "%s: only an action takes \"with\"", what);
	return value_text(r, one, what, "title", &step->title) && value_text(r, one, what, "directory", &step->directory) &&
	       check_directory(r, what, step->directory) && value_pairs(r, one, what, "env", &step->env) &&
	       value_duration(r, one, what, "timeout", &step->timeout_ms) &&
	       value_bool(r, one, what, "may_fail", &step->may_fail) && value_bool(r, one, what, "always", &step->always) &&
	       value_bool(r, one, what, "quiet", &step->quiet) && step_kinds[kind].read(job, one, what, step, r);
}

/* The runner does those last that are always done where they stand at the end: they are put there. */
static bool add_steps(struct stage_job *job, const json_t *steps, bool always, struct reading_value *r)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const char *what = arena_printf(r->arena, "steps[%zu]", i + 1);
		const json_t *one = json_array_get(steps, i);
		struct step read = { .kind = STEP_COMMAND }, *slot;

		if (!what)
			return value_nomem(r);
		if (json_is_object(one) && json_is_true(json_object_get(one, "always")) != always)
			continue;
		if (!read_step(job, one, what, &read, r))
			return false;
		slot = stage_step(job, read.kind);
		if (!slot)
			return value_nomem(r);
		*slot = read;
	}
	return true;
}

/* ---- reports, outputs ---- */

static const struct report_format *format_named(struct reading_value *r, const char *what, const char *name)
{
	const struct report_format *format = report_format_named(name);
	const char *names[64];
	size_t n = 0;

	if (format)
		return format;
	for (; n < 63 && report_formats[n]; n++)
		names[n] = report_formats[n]->name;
	names[n] = NULL;
	value_wrong(r, "%s.format: there is no report format \"%.60s\"%s", what, name, value_nearest(r->arena, name, names));
	return NULL;
}

static bool read_report(struct stage_job *job, const json_t *one, const char *what, struct reading_value *r)
{
	const char *path = NULL, *format = NULL, *tool = NULL, *kind_name = NULL;
	enum finding_kind kind = FINDING_ISSUE;
	bool output = false, required = false;
	struct stage_report *report;

	if (!value_is_table(one))
		return value_wrong(r, "%s must be a table ({ path = \"out.xml\", format = \"junit\" }); it is %s", what,
				   value_describe(one));
	if (!value_members(r, one, what, report_members) || !value_text(r, one, what, "path", &path) ||
	    !value_text(r, one, what, "format", &format) || !value_text(r, one, what, "tool", &tool) ||
	    !value_text(r, one, what, "kind", &kind_name) || !value_bool(r, one, what, "output", &output) ||
	    !value_bool(r, one, what, "required", &required))
		return false;
	if (output == (path != NULL))
		return value_wrong(r, "%s needs a path, or output = true for what the steps write", what);
	if (output && !format)
		return value_wrong(r, "%s needs a format: output is not recognised", what);
	if (kind_name && !finding_kind_from(kind_name, &kind))
		return value_wrong(r, "%s.kind: there is no kind of findings \"%.60s\"", what, kind_name);
	report = stage_report(job, NULL, path);
	if (!report)
		return value_nomem(r);
	report->format = format ? format_named(r, what, format) : NULL;
	report->tool = tool;
	report->kind = kind;
	report->required = required;
	report->to = output ? job->steps.count : 0;
	return report->format || !format;
}

static bool add_reports(struct stage_job *job, const json_t *reports, struct reading_value *r)
{
	for (size_t i = 0; i < json_array_size(reports); i++) {
		const char *what = arena_printf(r->arena, "reports[%zu]", i + 1);

		if (!what)
			return value_nomem(r);
		if (!read_report(job, json_array_get(reports, i), what, r))
			return false;
	}
	return true;
}

static bool add_outputs(struct stage_job *job, const json_t *compiled, struct reading_value *r)
{
	const char *const *globs = NULL;

	if (!value_texts(r, compiled, "what compile returns", "outputs", &globs))
		return false;
	for (; globs && *globs; globs++) {
		const char **slot = vec_push(job->arena, &job->outputs);

		if (!slot)
			return value_nomem(r);
		*slot = *globs;
	}
	return true;
}

static bool check_list(struct reading_value *r, const json_t *compiled, const char *name, size_t most)
{
	const json_t *list = json_object_get(compiled, name);

	if (list && !json_is_array(list) && !json_is_null(list))
		return value_wrong(r, "%s must be a list; it is %s", name, value_describe(list));
	if (json_array_size(list) > most)
		return value_wrong(r, "more than %zu %s", most, name);
	return true;
}

static bool add_tools(struct stage_job *job, const struct lua_type *type, struct reading_value *r)
{
	for (uint32_t i = 0; i < type->tools.count; i++) {
		struct stage_tool *tool = stage_tool(job, NULL, NULL);

		if (!tool)
			return value_nomem(r);
		*tool = type->tools.items[i];
	}
	return true;
}

static bool take(struct stage_job *job, const json_t *compiled, struct reading_value *r)
{
	const json_t *steps = json_object_get(compiled, "steps");

	if (!value_is_table(compiled))
		return value_wrong(r, "compile must return a table ({ steps = { { run = { \"make\" } } } }); it returned %s",
				   value_describe(compiled));
	if (!value_members(r, compiled, "what compile returns", compiled_members) ||
	    !check_list(r, compiled, "steps", STEPS_MOST) || !check_list(r, compiled, "reports", REPORTS_MOST) ||
	    !add_steps(job, steps, false, r) || !add_steps(job, steps, true, r) ||
	    !add_reports(job, json_object_get(compiled, "reports"), r) || !add_outputs(job, compiled, r) ||
	    !add_tools(job, lua_type_of_job(job), r))
		return false;
	if (!job->steps.count && !job->reports.count)
		return value_wrong(r, "compile returned no steps and no reports: there is nothing to do");
	return true;
}

/* ---- the call ---- */

/* One text where a list is wanted is a list of it. */
static struct node *as_list(struct arena *a, const struct lua_type *type, const struct pair *p)
{
	const struct keyword *row = keyword_find(type->type.uses.parameters, IN_NESTED, p->key->text, p->key->count);
	struct node *list;

	if (!row || !(row->shape & TAKES_LIST) || p->value->kind != NODE_SCALAR)
		return p->value;
	list = node_list(a, p->value->at, 1);
	if (list)
		list->items[0] = p->value;
	return list;
}

/* `with` as the script sees it: what the job says, and the defaults of what it does not. */
struct node *lua_stage_with(const struct stage_type *of, const struct node *given, struct mark at, struct arena *a)
{
	const struct lua_type *type = (const struct lua_type *)of;
	uint32_t written = given && given->kind == NODE_MAP ? given->count : 0;
	struct node *with = node_map(a, given ? given->at : at, written + type->defaults.count);

	for (uint32_t i = 0; with && i < written; i++) {
		const struct pair *p = &given->pairs[i];
		struct node *value = node_is_null(p->value) ? NULL : as_list(a, type, p);

		if (!node_is_null(p->value) && (!value || !node_add(with, a, p->key, value)))
			return NULL;
	}
	for (uint32_t i = 0; with && i < type->defaults.count; i++) {
		const struct stage_default *one = &type->defaults.items[i];

		if (!node_get(with, one->key->text) && !node_add(with, a, one->key, one->value))
			return NULL;
	}
	return with;
}

static void say(struct stage_job *job, struct lua_call *call)
{
	size_t length;
	const char *said = lua_call_said(call, &length);

	if (length)
		stage_say(job, "%.*s", (int)(length - 1), said);
}

static int take_outcome(struct stage_job *job, const struct lua_type *type, const struct lua_outcome *outcome, pipe_error *err)
{
	struct reading_value r = {
		.arena = job->arena, .file = type->source->name, .line = type->compile_line, .err = err, .code = PIPE_OK
	};
	int code = lua_outcome_error(outcome, err);

	if (code != PIPE_OK)
		return code == PIPE_ENOMEM ? code : PIPE_EPIPELINE;
	if (outcome->unfit)
		value_wrong(&r, "what compile returned cannot be taken: %s", outcome->unfit);
	else
		take(job, outcome->value, &r);
	return r.code;
}

int lua_stage_compile(struct stage_job *job, pipe_error *err)
{
	const struct lua_type *type = lua_type_of_job(job);
	const struct lua_job_facts facts = { .name = job->name, .exit_code = -1, .duration_ms = -1 };
	struct lua_job *own = ARENA_NEW(job->arena, struct lua_job);
	struct lua_context context = { .point = "compile", .job = &facts, .scope = job->scope };
	struct lua_host host;
	const struct lua_call_options options = { .engine = type->world->engine,
						  .source = type->source,
						  .member = "compile",
						  .context = &context,
						  .host = &host,
						  .grants = type->world->grants,
						  .limits = type->world->limits,
						  .no_waits = "compile() cannot wait: what takes time belongs in the steps" };
	const struct lua_outcome *outcome;
	struct lua_call *call;
	int code;

	lua_stage_host(job, &host);
	if (!own || !(own->with = lua_stage_with(&type->type, job->with, job->at, job->arena)))
		return error_nomem(err);
	own->step = UINT32_MAX;
	job->own = own;
	context.with = own->with;
	code = lua_call_run(&call, &options, &outcome, err);
	if (code != PIPE_OK)
		return code;
	say(job, call);
	code = take_outcome(job, type, outcome, err);
	lua_call_free(call);
	return code;
}
