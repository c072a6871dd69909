#include "runner/plan/planning.h"

#include "base/error.h"
#include "pipeline/lint/lint.h"
#include "runner/history/project.h"
#include "runner/plan/plan_lua.h"
#include "runner/plan/predefined.h"
#include "runner/plan/replay.h"
#include "runner/plan/variables_file.h"
#include "stages/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const default_files[] = { "pipe.yml", ".pipe.yml", "pipeline.yml", "pipeline.lua", ".gitlab-ci.yml" };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct pipe_plan *plan_new(pipe_project *project)
{
	struct pipe_plan *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->project = project;
	plan_lua_world(p);
	diagnostics_init(&p->diagnostics, &p->arena, &p->sources);
	return p;
}

void pipe_plan_free(pipe_plan *p)
{
	if (!p)
		return;
	plan_lua_free(p->lua);
	project_world_free(p->world);
	arena_clear(&p->arena);
	free(p);
}

/* ---- what the command line brings ---- */

/* "KEY=VALUE" into a variable; false: no `=`, or no key. */
static bool split_pair(struct arena *a, const char *text, struct variable *out)
{
	const char *eq = strchr(text, '=');

	if (!eq || eq == text)
		return false;
	out->name = arena_strndup(a, text, (size_t)(eq - text));
	out->value = arena_strdup(a, eq + 1);
	return true;
}

static int add_pairs(struct pipe_plan *p, const char *const *pairs, const char *what, bool masked, pipe_error *err)
{
	for (; pairs && *pairs; pairs++) {
		struct variable v = { .masked = masked, .raw = masked };
		if (!split_pair(&p->arena, *pairs, &v))
			return error_set(err, PIPE_EUSAGE, "%s \"%s\" is not KEY=VALUE", what, masked ? "..." : *pairs);
		if (!v.name || !v.value || !variables_set(&p->variables, &p->arena, v))
			return error_nomem(err);
	}
	return PIPE_OK;
}

/* It may be meant so, as for a file that not everybody has; but a slip of the pen must not stay unseen. */
static void tell_missing_files(struct pipe_plan *p, const char *const *files)
{
	for (; files && *files; files++) {
		const char *path = **files == '/' ? *files : arena_printf(&p->arena, "%s/%s", p->project->directory, *files);
		if (path && access(path, F_OK))
			project_log(p->project, "there is no variables file \"%s\": it gives no variables", *files);
	}
}

static int gather_variables(struct pipe_plan *p, const pipe_plan_options *o, pipe_error *err)
{
	struct file_variables into = { .all = &p->variables, .scoped = &p->scoped };
	int rc;

	tell_missing_files(p, o->variables_files);
	rc = variables_files_read(o->variables_files, p->project->directory, &p->arena, &into, err);
	for (uint32_t i = 0; i < into.missing.count; i++)
		project_log(p->project, "there is no variables file %s: no variables are taken from it", into.missing.items[i]);
	if (rc)
		return rc;
	rc = add_pairs(p, o->variables, "variable", false, err);
	return rc ? rc : add_pairs(p, o->secrets, "secret", true, err);
}

/* Inputs: the project's file of them, then those of the command line. */
static int gather_inputs(struct pipe_plan *p, const pipe_plan_options *o, const char *const **out, pipe_error *err)
{
	input_list list = { 0 };
	int rc = inputs_file_read(p->project->directory, &p->arena, &list, err);

	for (const char *const *i = o->inputs; rc == PIPE_OK && i && *i; i++) {
		const char **slot = vec_push(&p->arena, &list);
		if (!slot || !(*slot = arena_strdup(&p->arena, *i)))
			rc = error_nomem(err);
	}
	if (rc == PIPE_OK && list.count && !vec_push(&p->arena, &list)) /* the NULL at the end */
		rc = error_nomem(err);
	*out = list.items;
	return rc;
}

/* ---- the way ---- */

int planning_find_file(const pipe_project *project, struct arena *a, const char **file, pipe_error *err)
{
	for (size_t i = 0; i < sizeof(default_files) / sizeof(*default_files); i++) {
		char *path = arena_printf(a, "%s/%s", project->directory, default_files[i]);
		if (!path)
			return error_nomem(err);
		if (access(path, F_OK) == 0) {
			*file = default_files[i];
			return PIPE_OK;
		}
	}
	return error_set(
		err, PIPE_EUSAGE,
		"no pipeline file in %s: looked for pipe.yml, .pipe.yml, pipeline.yml, pipeline.lua and .gitlab-ci.yml; --file names another",
		project->directory);
}

static int make_world(struct pipe_plan *p, const pipe_plan_options *o, pipe_error *err)
{
	struct project_world_options w = { .project_directory = p->project->directory,
					   .state_directory = p->project->state_directory,
					   .git = &p->git,
					   .offline = o->offline,
					   .lua = &p->world_lua,
					   .is_schedule = o->as && !strcmp(o->as, "schedule") };

	if (o->as && !strncmp(o->as, "merge_request", 13))
		w.merge_target = o->as[13] == ':' ? o->as + 14 : p->git.default_branch;
	return project_world_create(&p->world, &w, err);
}

static int make_predefined(struct pipe_plan *p, const char *as, const char *file, const char *source, pipe_error *err)
{
	struct predefined_facts facts = { .git = &p->git,
					  .project_directory = p->project->directory,
					  .config_path = file,
					  .as = as,
					  .now_ms = now_ms(),
					  .source = source };

	return predefined_make(&facts, &p->arena, &p->predefined, &p->source, &p->options.ref, &p->options.is_tag,
			       &p->options.is_merge_request, err);
}

/* --strict: what the local executor does not honour is an error. */
static void refuse_unhonoured(struct pipe_plan *p)
{
	for (uint32_t i = 0; i < p->pipeline->jobs.count; i++) {
		const struct job *j = &p->pipeline->jobs.items[i];
		for (uint32_t k = 0; k < j->settings->unhonoured.count; k++) {
			const struct pair *at = node_pair(j->node, j->settings->unhonoured.items[k]);
			diag_error(&p->diagnostics, at ? at->key->at : j->at, "not-honoured",
				   "the local executor does not honour \"%s\" of the job \"%s\"",
				   j->settings->unhonoured.items[k], j->name);
			diag_hint(&p->diagnostics, "leave out --strict to run the job on this machine without it");
		}
	}
}

/* Load and plan, once everything around them is there. */
static int load_and_plan(struct pipe_plan *p, struct load_options *load, pipe_error *err)
{
	struct scope scope = { 0 };
	int rc;

	scope_push(&scope, &p->predefined);
	scope_push(&scope, &p->variables);
	scope.unset = p->options.unset;
	load->variables = &scope;
	load->limits = p->options.limits;
	load->uses = &stage_uses;
	load->assume_changed = p->options.assume_changed;
	load->lua_most = plan_lua_most(p);
	load->world = p->options.world;
	rc = pipeline_load(&p->pipeline, &p->arena, load, &p->diagnostics);
	if (rc == PIPE_OK)
		lint_pipeline(p->pipeline, &scope, &p->diagnostics);
	if (rc == PIPE_OK && p->options.strict)
		refuse_unhonoured(p);
	if (rc == PIPE_OK)
		rc = plan_make(&p->plan, &p->arena, p->pipeline, &p->options, &p->diagnostics);
	if (rc == PIPE_ENOMEM || p->diagnostics.nomem)
		return error_nomem(err);
	if (p->lua_missing.code) { /* the file is not to blame */
		if (err)
			*err = p->lua_missing;
		return (int)p->lua_missing.code;
	}
	diagnostics_sort(&p->diagnostics);
	return rc == PIPE_OK && !p->diagnostics.errors ? PIPE_OK : PIPE_EPIPELINE;
}

static int publish(struct pipe_plan *p, pipe_error *err)
{
	uint32_t n = p->diagnostics.list.count;

	p->published = ARENA_ARRAY(&p->arena, pipe_diagnostic, n + 1);
	if (!p->published)
		return error_nomem(err);
	for (uint32_t i = 0; i < n; i++)
		diagnostic_public(&p->diagnostics, &p->diagnostics.list.items[i], &p->published[i]);
	return PIPE_OK;
}

/* The first error of a refused file as the call's error. */
static int refused(const struct pipe_plan *p, pipe_error *err)
{
	for (uint32_t i = 0; i < p->diagnostics.list.count; i++) {
		const pipe_diagnostic *d = &p->published[i];
		if (d->severity != PIPE_ERROR)
			continue;
		error_set(err, PIPE_EPIPELINE, "%s", d->message);
		if (err) {
			err->line = d->line;
			err->column = d->column;
			strncat(err->file, d->file, sizeof(err->file) - 1);
		}
		break;
	}
	return PIPE_EPIPELINE;
}

static const char *const *copy_list(struct arena *a, const char *const *list, bool *failed)
{
	size_t n = 0;
	const char **copy;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	copy = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; copy && i < n; i++)
		if (!(copy[i] = arena_strdup(a, list[i])))
			*failed = true;
	if (!copy)
		*failed = true;
	return copy;
}

static const char *copy_text(struct arena *a, const char *text, bool *failed)
{
	const char *copy = text ? arena_strdup(a, text) : NULL;

	if (text && !copy)
		*failed = true;
	return copy;
}

/* What the options select, copied: the plan may outlive them. */
static bool take_selection(struct pipe_plan *p, const pipe_plan_options *o)
{
	bool failed = false;

	p->options.unset = copy_list(&p->arena, o->unset_variables, &failed);
	p->options.jobs = copy_list(&p->arena, o->jobs, &failed);
	p->options.manual = copy_list(&p->arena, o->manual, &failed);
	p->options.stage = copy_text(&p->arena, o->stage, &failed);
	p->options.no_needs = o->no_needs;
	p->options.only_needs = o->only_needs;
	p->as = copy_text(&p->arena, o->as, &failed);
	p->offline = o->offline;
	p->options.strict = o->strict;
	p->options.assume_changed = o->assume_changed;
	p->options.limits = o->limits;
	p->diagnostics.strict = o->strict;
	limits_default(&p->options.limits);
	return !failed;
}

static void point_options(struct pipe_plan *p)
{
	p->options.predefined = &p->predefined;
	p->options.pipeline = &p->variables;
	p->options.scoped = &p->scoped;
	p->options.source = p->source;
	p->options.ref_path = p->git.project_path;
	p->options.world = project_world(p->world);
}

static int remember_options(struct pipe_plan *p, const pipe_plan_options *o, const char *file, pipe_error *err)
{
	pipe_plan_options replay = *o;
	struct str json;
	int rc;

	replay.file = file;
	replay.text = NULL;
	str_init(&json);
	rc = replay_options_write(&replay, &json);
	p->replay = rc == PIPE_OK && !json.failed ? arena_strdup(&p->arena, json.data) : NULL;
	str_clear(&json);
	return p->replay ? PIPE_OK : error_nomem(err);
}

int pipe_plan_load(pipe_plan **out, pipe_project *project, const pipe_plan_options *opts, pipe_error *err)
{
	static const pipe_plan_options none = PIPE_PLAN_OPTIONS_INIT;
	const pipe_plan_options *o = opts ? opts : &none;
	struct load_options load = { 0 };
	const char *file = o->file;
	struct pipe_plan *p;
	int rc;

	*out = NULL;
	if (o->version != PIPE_PLAN_OPTIONS_VERSION)
		return error_version(err, "pipe_plan_options", o->version, PIPE_PLAN_OPTIONS_VERSION);
	if (!project)
		return error_set(err, PIPE_EUSAGE, "a plan needs a project");
	if (!file && o->text)
		file = default_files[0];
	p = plan_new(project);
	if (!p || !take_selection(p, o)) {
		rc = error_nomem(err);
		goto failed;
	}
	if (!file && (rc = planning_find_file(project, &p->arena, &file, err)))
		goto failed;
	load.file = arena_strdup(&p->arena, file);
	load.text = o->text;
	load.length = o->text ? strlen(o->text) : 0;
	if (!load.file) {
		rc = error_nomem(err);
		goto failed;
	}
	if ((rc = git_facts_read(project->directory, &p->arena, &p->git, err)) || (rc = gather_variables(p, o, err)) ||
	    (rc = gather_inputs(p, o, &load.inputs, err)) || (rc = make_world(p, o, err)) ||
	    (rc = make_predefined(p, o->as, load.file, NULL, err)) || (rc = remember_options(p, o, load.file, err)))
		goto failed;
	point_options(p);
	rc = load_and_plan(p, &load, err);
	if (rc && rc != PIPE_EPIPELINE)
		goto failed;
	if (publish(p, err)) {
		rc = PIPE_ENOMEM;
		goto failed;
	}
	*out = p;
	return rc ? refused(p, err) : PIPE_OK;
failed:
	pipe_plan_free(p);
	return rc;
}

/* ---- children ---- */

/* The world of the project with a few files in front of it. */
struct overlay {
	struct world world;
	const struct world *below;
	const child_files *files;
};

static int overlay_read(void *context, const struct include_request *request, struct include_reply *reply, struct arena *a,
			pipe_error *err)
{
	const struct overlay *o = context;

	for (uint32_t i = 0; request->kind == INCLUDE_LOCAL && !request->from && i < o->files->count; i++) {
		const struct child_file *f = &o->files->items[i];
		size_t length = strlen(f->text);
		if (strcmp(request->location, f->location))
			continue;
		if (length > request->max_bytes)
			return error_set(err, PIPE_ELIMIT, "%s is too large", f->name);
		reply->name = arena_strdup(a, f->name);
		reply->text = arena_strndup(a, f->text, length);
		reply->length = length;
		return reply->name && reply->text ? PIPE_OK : error_nomem(err);
	}
	return o->below->read(o->below->context, request, reply, a, err);
}

static int overlay_match(void *context, const struct include_origin *from, const char *glob, path_list *out, struct arena *a,
			 pipe_error *err)
{
	const struct overlay *o = context;

	return o->below->match(o->below->context, from, glob, out, a, err);
}

static int overlay_exists(void *context, const char *project, const char *ref, const char *const *globs, size_t count,
			  bool *found, pipe_error *err)
{
	const struct overlay *o = context;

	return o->below->exists(o->below->context, project, ref, globs, count, found, err);
}

static int overlay_changes(void *context, const char *compare_to, path_list *out, bool *known, struct arena *a, pipe_error *err)
{
	const struct overlay *o = context;

	return o->below->changes(o->below->context, compare_to, out, known, a, err);
}

static void overlay_init(struct overlay *o, const struct world *below, const child_files *files)
{
	o->below = below;
	o->files = files;
	o->world = (struct world){ o, overlay_read, overlay_match, overlay_exists, overlay_changes, below->lua };
}

/* What the plan keeps of its source, copied. */
static int take_source(struct pipe_plan *p, const struct child_source *child, struct load_options *load)
{
	load->file = arena_strdup(&p->arena, child->file);
	if (child->text) {
		load->length = strlen(child->text);
		load->text = arena_strndup(&p->arena, child->text, load->length);
	}
	load->child_inputs = child->inputs ? &child->inputs : NULL;
	for (uint32_t i = 0; i < child->variables->list.count; i++) {
		struct variable v = child->variables->list.items[i];
		v.name = arena_strdup(&p->arena, v.name);
		v.value = arena_strdup(&p->arena, v.value);
		if (!v.name || !v.value || !variables_set(&p->variables, &p->arena, v))
			return PIPE_ENOMEM;
	}
	return load->file && (load->text || !child->text) ? PIPE_OK : PIPE_ENOMEM;
}

int planning_child(struct pipe_plan **out, const struct child_source *child, pipe_error *err)
{
	const struct pipe_plan *parent = child->parent;
	struct pipe_plan *p = plan_new(parent->project);
	struct load_options load = { 0 };
	pipe_plan_options o = PIPE_PLAN_OPTIONS_INIT;
	struct overlay overlay;
	int rc = PIPE_ENOMEM;

	*out = NULL;
	if (!p)
		return error_nomem(err);
	p->depth = parent->depth + 1;
	p->scoped = parent->scoped;
	p->git = parent->git; /* lives in the parent's arena, which outlives its children */
	o.as = parent->as;
	o.offline = parent->offline;
	o.limits = parent->options.limits;
	o.strict = parent->options.strict;
	o.assume_changed = parent->options.assume_changed;
	if (!take_selection(p, &o) || take_source(p, child, &load))
		goto failed;
	p->options.unset = parent->options.unset;
	if ((rc = make_world(p, &o, err)) || (rc = make_predefined(p, p->as, load.file, "parent_pipeline", err)))
		goto failed;
	p->replay = "{}";
	point_options(p);
	if (child->files) {
		overlay_init(&overlay, p->options.world, child->files);
		p->options.world = &overlay.world;
	}
	rc = load_and_plan(p, &load, err);
	p->options.world = project_world(p->world);
	if (rc && rc != PIPE_EPIPELINE)
		goto failed;
	if (publish(p, err)) {
		rc = PIPE_ENOMEM;
		goto failed;
	}
	*out = p;
	return rc ? refused(p, err) : PIPE_OK;
failed:
	pipe_plan_free(p);
	return rc == PIPE_ENOMEM ? error_nomem(err) : rc;
}

/* ---- looking at a plan ---- */

size_t pipe_plan_diagnostic_count(const pipe_plan *plan, enum pipe_severity severity)
{
	size_t n = 0;

	if (severity == PIPE_ERROR)
		return plan->diagnostics.errors;
	for (uint32_t i = 0; i < plan->diagnostics.list.count; i++)
		n += plan->published[i].severity == severity;
	return n;
}

const pipe_diagnostic *pipe_plan_diagnostic(const pipe_plan *plan, size_t i)
{
	return i < plan->diagnostics.list.count ? &plan->published[i] : NULL;
}

size_t pipe_plan_job_count(const pipe_plan *plan)
{
	return plan->plan ? plan->plan->jobs.count : 0;
}

/* The names of a job's needs are put together when somebody asks, in the plan's arena: looking costs memory once. */
static const char *const *need_names(const struct pipe_plan *p, const struct plan_job *j)
{
	struct arena *a = &((struct pipe_plan *)(uintptr_t)p)->arena;
	const char **names = ARENA_ARRAY(a, const char *, j->needs.count + 1);

	for (uint32_t i = 0; names && i < j->needs.count; i++)
		names[i] = p->plan->jobs.items[j->needs.items[i].job].name;
	return names;
}

int pipe_plan_job(const pipe_plan *plan, size_t i, pipe_job_info *out)
{
	const struct plan_job *j;

	memset(out, 0, sizeof(*out));
	if (i >= pipe_plan_job_count(plan))
		return PIPE_ENOTFOUND;
	j = &plan->plan->jobs.items[i];
	out->name = j->name;
	out->stage = plan->pipeline->stages.items[j->stage].name;
	out->when = when_name(j->when);
	out->allow_failure = j->allow_failure.state == YES;
	out->included = j->included && j->selected;
	out->reason = j->decision.reason;
	if (j->decision.at.line) {
		out->reason_file = sources_name(&plan->sources, j->decision.at);
		out->reason_line = j->decision.at.line;
	}
	out->needs = j->waits_for_stages ? NULL : need_names(plan, j);
	return PIPE_OK;
}
