#include "runner/lua/past.h"

#include "base/error.h"
#include "base/vec.h"
#include "runner/history/project.h"
#include "runner/lua/host/host.h"

#include <stdlib.h>
#include <string.h>

typedef VEC(struct lua_variable) variable_list;

struct reading {
	struct past *past;
	struct arena *a;
	const char *job;
	bool found, nomem;
};

/* "" is what is not known. */
static const char *keep(struct reading *r, const char *text)
{
	const char *copy = text && *text ? arena_strdup(r->a, text) : NULL;

	r->nomem = r->nomem || (text && *text && !copy);
	return copy;
}

/* ---- the run ---- */

static int take_run(void *payload, const pipe_run_record *record)
{
	struct reading *r = payload;
	struct past *p = r->past;

	r->found = true;
	p->number = record->number;
	p->run = (struct lua_run_facts){ .number = record->number,
					 .file = keep(r, record->file),
					 .name = keep(r, record->name),
					 .source = keep(r, record->source),
					 .branch = keep(r, record->branch),
					 .sha = keep(r, record->commit_sha),
					 .title = keep(r, record->title),
					 .status = pipe_status_name(record->status),
					 .started_ms = record->started_ms,
					 .duration_ms = record->finished_ms ? record->finished_ms - record->started_ms : -1 };
	return 1;
}

static int take_job(void *payload, const pipe_job_record *record)
{
	struct reading *r = payload;

	if (strcmp(record->name, r->job) != 0)
		return 0;
	r->found = true;
	r->past->job_index = record->index;
	r->past->job = (struct lua_job_facts){ .name = keep(r, record->name),
					       .base = keep(r, record->name),
					       .stage = keep(r, record->stage),
					       .status = pipe_status_name(record->status),
					       .reason = keep(r, record->reason),
					       .failure = keep(r, record->failure),
					       .attempt = record->attempts,
					       .exit_code = record->exit_code,
					       .started_ms = record->started_ms,
					       .duration_ms = record->finished_ms && record->started_ms
								      ? record->finished_ms - record->started_ms
								      : -1,
					       .allow_failure = record->allow_failure != 0 };
	return 1;
}

/* What the job's record does not say, its row in the history does: its base name, its environment. */
static int take_row(struct reading *r, const struct lua_host *host, pipe_error *err)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[LUA_JOBS];
	const int name = lua_column_index(kind, "name"), base = lua_column_index(kind, "base"),
		  environment = lua_column_index(kind, "environment");
	struct lua_query query = { .rows = LUA_JOBS, .side = SIDE_RUN, .run = r->past->number, .filter_count = 1 };
	const struct lua_cell *row;
	void *cursor;
	int rc;

	query.filters[0].column = (unsigned)name;
	query.filters[0].value = (struct lua_cell){ .type = LUA_CELL_TEXT, .text = r->job, .length = strlen(r->job) };
	rc = host->rows_open(host->payload, &query, &cursor, err);
	if (rc)
		return rc;
	rc = host->rows_next(host->payload, cursor, &row, err);
	if (rc == 1) {
		if (row[base].type == LUA_CELL_TEXT)
			r->past->job.base = keep(r, row[base].text);
		if (row[environment].type == LUA_CELL_TEXT)
			r->past->job.environment = keep(r, row[environment].text);
		rc = PIPE_OK;
	}
	host->rows_close(host->payload, cursor);
	return rc;
}

static int read_job(struct reading *r, pipe_project *project, pipe_error *err)
{
	const struct run_host_options o = { .state_directory = project->state_directory,
					    .project_directory = project->directory,
					    .run = r->past->number,
					    .job = UINT32_MAX };
	struct run_host *host;
	int rc;

	r->found = false;
	rc = pipe_history_jobs(project, r->past->number, take_job, r, err);
	if (!rc && !r->found)
		return error_set(err, PIPE_ENOTFOUND, "run %lld has no job \"%s\"", (long long)r->past->number, r->job);
	if (!rc)
		rc = run_host_create(&host, &o, err);
	if (rc)
		return rc;
	rc = take_row(r, run_host(host), err);
	run_host_free(host);
	return rc;
}

/* ---- variables ---- */

static bool add_variable(variable_list *list, struct arena *a, const char *name, size_t length, const char *value)
{
	struct lua_variable *v = NULL;

	for (uint32_t i = 0; i < list->count && !v; i++)
		if (strlen(list->items[i].name) == length && !strncmp(list->items[i].name, name, length))
			v = &list->items[i];
	v = v ? v : vec_push(a, list);
	if (!v)
		return false;
	v->name = arena_strndup(a, name, length);
	v->value = arena_strdup(a, value);
	v->masked = false;
	return v->name && v->value;
}

/* Of the history: of what was masked it has the name. */
static bool add_kept(variable_list *list, struct arena *a, const char *name, const char *value)
{
	const bool masked = !strcmp(value, "[MASKED]");

	if (!add_variable(list, a, name, strlen(name), masked ? "" : value))
		return false;
	list->items[list->count - 1].masked = masked;
	return true;
}

static bool add_over(variable_list *list, struct arena *a, const char *const *over)
{
	for (; over && *over; over++) {
		const char *equals = strchr(*over, '=');

		if (equals && !add_variable(list, a, *over, (size_t)(equals - *over), equals + 1))
			return false;
	}
	return true;
}

/* Those of a job that its record tells. */
static bool add_job_variables(variable_list *list, struct arena *a, const struct lua_job_facts *job)
{
	const char *const pairs[][2] = { { "CI_JOB_NAME", job->name },
					 { "CI_JOB_STAGE", job->stage },
					 { "CI_ENVIRONMENT_NAME", job->environment } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (pairs[i][1] && !add_variable(list, a, pairs[i][0], strlen(pairs[i][0]), pairs[i][1]))
			return false;
	return true;
}

int past_variables(const char *const *over, struct arena *a, const struct lua_variable **out, pipe_error *err)
{
	variable_list list = { 0 };

	if (!add_over(&list, a, over) || !vec_push(a, &list))
		return error_nomem(err);
	*out = list.items;
	return PIPE_OK;
}

static int add_text(void *payload, const char *text, size_t length)
{
	struct str *out = payload;

	str_add(out, text, length);
	return out->failed;
}

static const char *variable(const variable_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].name, name) && *list->items[i].value)
			return list->items[i].value;
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* What the run's record does not say. */
static void take_from_variables(struct past *p, const variable_list *list, const pipe_project *project)
{
	p->run.tag = variable(list, "CI_COMMIT_TAG");
	p->run.target = variable(list, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
	p->run.project = variable(list, "CI_PROJECT_PATH");
	if (!p->run.project)
		p->run.project = base_name(project->directory);
	if (p->run.tag)
		p->run.branch = NULL;
}

static int read_variables(struct reading *r, pipe_project *project, const char *const *over, pipe_error *err)
{
	variable_list list = { 0 };
	struct str text;
	json_t *object = NULL, *value;
	const char *name;
	bool good = true;
	int rc;

	str_init(&text);
	rc = pipe_history_variables(project, r->past->number, add_text, &text, err);
	if (!rc)
		object = json_loadb(text.data, text.length, 0, NULL);
	str_clear(&text);
	json_object_foreach(object, name, value) if (json_is_string(value))
		good = good && add_kept(&list, r->a, name, json_string_value(value));
	json_decref(object);
	if (rc)
		return rc;
	if (r->past->job_index != UINT32_MAX)
		good = good && add_job_variables(&list, r->a, &r->past->job);
	if (!good || !add_over(&list, r->a, over) || !vec_push(r->a, &list))
		return error_nomem(err);
	list.count--; /* the end */
	take_from_variables(r->past, &list, project);
	r->past->variables = list.items;
	return PIPE_OK;
}

int past_read(struct past *out, pipe_project *project, int64_t run, const char *job, const char *const *over, struct arena *a,
	      pipe_error *err)
{
	struct reading r = { .past = out, .a = a, .job = job };
	int rc;

	*out = (struct past){ .job_index = UINT32_MAX };
	rc = pipe_history_run(project, run > 0 ? run : 0, take_run, &r, err);
	if (!rc && !r.found)
		rc = error_set(err, PIPE_ENOTFOUND, "there is no such run");
	if (!rc && job)
		rc = read_job(&r, project, err);
	if (!rc)
		rc = read_variables(&r, project, over, err);
	return !rc && r.nomem ? error_nomem(err) : rc;
}

void past_context(const struct past *p, const char *point, struct lua_context *out)
{
	*out = (struct lua_context){ .point = point, .run = &p->run, .variables = p->variables };
	if (p->job_index != UINT32_MAX)
		out->job = &p->job;
}
