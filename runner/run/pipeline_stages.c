/*
 * What is known of a pipeline's typed jobs before any of them runs: the tools that they need and that are not there, or too old, are
 * one error; what those that need not run again have said; and which earlier run they are compared with.
 */
#include "base/error.h"
#include "runner/run/job/job_script.h"
#include "runner/run/session.h"
#include "runner/stage/tool.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED_JOBS = 4 };

/* A tool as one or more jobs need it. */
struct needed {
	struct stage_tool tool;
	const char *path; /* their PATH */
	struct tool_answer answer;
	const char *jobs; /* names, for the message */
	uint32_t count;
};

struct look {
	struct pipeline_run *p;
	struct arena arena;
	VEC(struct needed) needed;
};

static void say_nothing(void *payload, const char *line)
{
	(void)payload;
	(void)line;
}

/* ---- what each tool is ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct needed *find(struct look *l, const struct stage_tool *tool, const char *path)
{
	for (uint32_t i = 0; i < l->needed.count; i++) {
		struct needed *n = &l->needed.items[i];
		if (!strcmp(n->tool.name, tool->name) && same_text(n->tool.version, tool->version) && !strcmp(n->path, path))
			return n;
	}
	return NULL;
}

static const char *copy(struct look *l, const char *text)
{
	return text ? arena_strdup(&l->arena, text) : NULL;
}

static int look_for(struct look *l, struct job_run *j, const struct stage_tool *tool, const struct stage_place *place,
		    struct needed **out, pipe_error *err)
{
	struct needed *n = find(l, tool, place->path);
	const char *const *envp = NULL;
	const char *mark;
	int rc = PIPE_OK;

	if (!n) {
		n = vec_push(&l->arena, &l->needed);
		if (!n)
			return error_nomem(err);
		n->tool = *tool;
		n->tool.version_argv = NULL; /* asked below, and then no more */
		n->tool.name = copy(l, tool->name);
		n->tool.version = copy(l, tool->version);
		n->tool.package = copy(l, tool->package);
		n->path = copy(l, place->path);
		n->jobs = "";
		if (!n->tool.name || !n->path)
			return error_nomem(err);
		if (tool->version)
			rc = job_environment_make(j, place->workspace, "running", &l->arena, &envp, &mark, err);
		if (rc == PIPE_OK)
			rc = tool_look(tool, place, envp, &l->arena, &n->answer, err);
	}
	*out = n;
	return rc;
}

/* A job that lacks it, or has too old a one. */
static int note(struct look *l, struct needed *n, const char *job, pipe_error *err)
{
	if (n->count++ < NAMED_JOBS)
		n->jobs = arena_printf(&l->arena, "%s%s\"%s\"", n->jobs, n->count > 1 ? ", " : "", job);
	else if (n->count == NAMED_JOBS + 1)
		n->jobs = arena_printf(&l->arena, "%s...", n->jobs);
	return n->jobs ? PIPE_OK : error_nomem(err);
}

/* ---- one job ---- */

/* May what runs before it bring what it lacks?  Jobs, its own before_script, a PATH that leads into the workspace. */
static bool is_first(const struct job_run *j)
{
	const struct pipeline_run *p = j->pipeline;

	if (j->plan->needs.count || j->plan->job->settings->before_script.count || j->plan->job->settings->pre_get_sources)
		return false;
	for (uint32_t i = 0; j->plan->waits_for_stages && i < j->index; i++)
		if (p->jobs[i].plan->selected && p->jobs[i].plan->stage < j->plan->stage)
			return false;
	return true;
}

static bool brings_tools(const struct job_run *j, const struct stage_place *place)
{
	const struct job_settings *settings = j->plan->job->settings;

	return settings->before_script.count || settings->pre_get_sources || stage_path_enters(place->path, place->workspace);
}

static int look_at_tools(struct look *l, struct job_run *j, const struct stage_job *job, const struct stage_place *place,
			 pipe_error *err)
{
	bool all = true;

	for (uint32_t i = 0; i < job->tools.count; i++) {
		struct needed *n = NULL;
		int rc = look_for(l, j, &job->tools.items[i], place, &n, err);
		if (rc)
			return rc;
		if (n->answer.state == TOOL_HERE)
			continue;
		all = false;
		if (!brings_tools(j, place) && (rc = note(l, n, j->plan->name, err)))
			return rc;
	}
	j->tools_known = all;
	return PIPE_OK;
}

/* The job's, or that of this process; NULL: neither. */
static const char *path_of(const struct job_run *j, const struct scope *scope, struct arena *a)
{
	const char *path = scope_value(scope, "PATH", a, NULL);
	const struct variable *host = path ? NULL : variables_get(&j->pipeline->session->host, "PATH");

	return path ? path : host ? host->value : NULL;
}

static int look_at_job(struct look *l, struct job_run *j, pipe_error *err)
{
	const struct job_uses *uses = j->plan->job->settings->uses;
	const char *directory = j->pipeline->session->project->directory;
	struct arena scratch = ARENA_INIT;
	struct job_variables variables;
	struct scope scope = { 0 };
	struct stage_place place;
	struct stage_job job = { .arena = &scratch,
				 .type = stage_type_of(uses->type),
				 .name = j->plan->name,
				 .with = uses->with,
				 .at = uses->at,
				 .sources = &j->pipeline->plan->sources,
				 .scope = &scope,
				 .lua_texts = &j->pipeline->plan->pipeline->lua_texts,
				 .workspace = directory,
				 .scratch = "/nonexistent",
				 .world = &place.world,
				 .node_index = j->plan->node_index,
				 .node_total = j->plan->node_index ? j->plan->node_total : 0,
				 .say = say_nothing };
	pipe_error why = { 0 };
	int rc;

	if (!job.type)
		return error_set(err, PIPE_EUNSUPPORTED, "the job \"%s\": there is no type of stage \"%s\"", j->plan->name,
				 uses->name);
	if (!job_scope(j, directory, &scratch, &variables, &scope)) {
		rc = error_nomem(err);
	} else {
		stage_place_init(&place, directory, path_of(j, &scope, &scratch));
		rc = job.type->compile(&job, &why);
		if (rc == PIPE_OK)
			rc = look_at_tools(l, j, &job, &place, err);
		else if (rc == PIPE_ENOMEM || (rc == PIPE_EPIPELINE && is_first(j)))
			*err = why;
		else
			rc = PIPE_OK; /* it cannot know yet, and says it at its start */
	}
	arena_clear(&scratch);
	return rc;
}

/* ---- the message ---- */

static bool is_package(const char *package)
{
	return package && !strchr(package, ' ');
}

static bool named_before(const struct look *l, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (l->needed.items[k].count && is_package(l->needed.items[k].tool.package) &&
		    !strcmp(l->needed.items[k].tool.package, l->needed.items[i].tool.package))
			return true;
	return false;
}

/* Where they were looked for, and how to get them. */
static void add_way_out(const struct look *l, const char *path, struct str *out)
{
	const char *before = "\non Debian: apt-get install ";

	str_printf(out, "\nlooked for in PATH=%.*s%s", 160, path, strlen(path) > 160 ? "..." : "");
	for (uint32_t i = 0; i < l->needed.count; i++) {
		const struct needed *n = &l->needed.items[i];
		if (n->count && is_package(n->tool.package) && !named_before(l, i)) {
			str_printf(out, "%s%s", before, n->tool.package);
			before = " ";
		}
	}
	for (uint32_t i = 0; i < l->needed.count; i++) {
		const struct needed *n = &l->needed.items[i];
		if (n->count && n->tool.package && !is_package(n->tool.package))
			str_printf(out, "\n%s: %s", n->tool.name, n->tool.package);
	}
}

/* One error that names them all; what it has no room for comes as warnings before it. */
static int complain(struct look *l, uint32_t missing, pipe_error *err)
{
	struct str text, end;
	const char *path = NULL;
	uint32_t left_out = 0;
	int rc;

	str_init(&text);
	str_init(&end);
	for (uint32_t i = 0; i < l->needed.count && !path; i++)
		path = l->needed.items[i].count ? l->needed.items[i].path : NULL;
	add_way_out(l, path ? path : "", &end);
	str_printf(&text, "%u tool%s missing or too old:", missing, missing == 1 ? " is" : "s are");
	for (uint32_t i = 0; i < l->needed.count; i++) {
		const struct needed *n = &l->needed.items[i];
		const char *what = n->count ? tool_complaint(&n->tool, &n->answer, n->jobs, &l->arena) : NULL;
		if (!what)
			continue;
		if (text.length + strlen(what) + end.length + 40 < sizeof(err->text)) {
			str_printf(&text, "\n  %s", what);
		} else {
			left_out++;
			session_log(l->p->session, "%s%s%s", what, n->tool.package ? "; to get it: " : "",
				    n->tool.package ? n->tool.package : "");
		}
	}
	if (left_out)
		str_printf(&text, "\n  and %u more, see above", left_out);
	str_add(&text, end.data, end.length);
	rc = text.failed || end.failed ? error_nomem(err) : error_set(err, PIPE_EUNSUPPORTED, "%s", text.data);
	str_clear(&text);
	str_clear(&end);
	return rc;
}

int pipeline_run_check_tools(struct pipeline_run *p, pipe_error *err)
{
	struct look l = { .p = p };
	uint32_t missing = 0;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < p->plan->plan->jobs.count; i++) {
		struct job_run *j = &p->jobs[i];
		/* A job that nobody may ever start keeps no other from running. */
		if (j->plan->selected && j->plan->job->settings->uses && !j->kept &&
		    (j->plan->when != WHEN_MANUAL || j->plan->played))
			rc = look_at_job(&l, j, err);
	}
	for (uint32_t i = 0; i < l.needed.count; i++)
		missing += l.needed.items[i].count > 0;
	if (rc == PIPE_OK && missing)
		rc = complain(&l, missing, err);
	arena_clear(&l.arena);
	return rc;
}

/* ---- what kept jobs have said ---- */

struct keep_evidence {
	struct desk_work work;
	struct pipe_run *session;
	int64_t from, to;
	int code;
	pipe_error error;
	uint32_t count;
	struct {
		uint32_t from, to;
	} jobs[];
};

static void work_keep(struct desk_work *w)
{
	struct keep_evidence *k = (struct keep_evidence *)w;
	struct evidence_db *db = NULL;

	k->code = desk_evidence(&k->session->desk, false, &db, &k->error);
	for (uint32_t i = 0; db && k->code == PIPE_OK && i < k->count; i++)
		k->code = evidence_keep(db, k->from, k->jobs[i].from, k->to, k->jobs[i].to, &k->error);
}

static void worked_keep(struct desk_work *w)
{
	struct keep_evidence *k = (struct keep_evidence *)w;
	struct pipe_run *s = k->session;

	if (k->code)
		session_log(s, "the evidence of run %lld is not that of run %lld as well: %s", (long long)k->from,
			    (long long)k->to, k->error.text);
	free(k);
	s->busy--;
	session_settle(s);
}

void pipeline_run_keep_evidence(struct pipeline_run *p, int64_t from)
{
	uint32_t count = 0, total = p->plan->plan->jobs.count;
	struct keep_evidence *k;

	for (uint32_t i = 0; i < total; i++)
		count += p->jobs[i].kept;
	if (!count)
		return;
	k = calloc(1, sizeof(*k) + count * sizeof(k->jobs[0]));
	if (!k) {
		session_log(p->session, "the evidence of run %lld is not kept: out of memory", (long long)from);
		return;
	}
	k->session = p->session;
	k->from = from;
	k->to = p->number;
	for (uint32_t i = 0; i < total; i++)
		if (p->jobs[i].kept) {
			k->jobs[k->count].from = p->jobs[i].old_index;
			k->jobs[k->count++].to = i;
		}
	k->work.work = work_keep;
	k->work.then = worked_keep;
	p->session->busy++;
	desk_queue(&p->session->desk, &k->work);
}

/* ---- the baseline ---- */

static const char *predefined(const struct pipe_plan *plan, const char *name)
{
	const struct variable *v = variables_get(&plan->variables, name);

	if (!v)
		v = variables_get(&plan->predefined, name);
	return v && v->value && *v->value ? v->value : NULL;
}

/* The merge request's, else the default branch. */
static const char *target_branch(const struct pipe_plan *plan)
{
	const char *target = predefined(plan, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME");

	if (!target)
		target = predefined(plan, "CI_DEFAULT_BRANCH");
	return target ? target : "";
}

const struct evidence_baseline *pipeline_run_baseline(struct pipeline_run *p)
{
	static const struct evidence_baseline none = { .why = "the history cannot be read" };
	struct evidence_baseline *b = p->baseline;
	pipe_error err;

	if (b)
		return b;
	b = ARENA_NEW(&p->arena, struct evidence_baseline);
	if (!b)
		return &none;
	if (evidence_baseline_find(p->session->store, p->plan->pipeline->file, target_branch(p->plan), p->number, b, &err)) {
		memset(b, 0, sizeof(*b));
		snprintf(b->why, sizeof(b->why), "the history cannot be read: %.200s", err.text);
	}
	p->baseline = b;
	return b;
}
