/* Rows of the history (earlier runs and their jobs), of the plan, and of what changed. */
#include "base/error.h"
#include "base/glob.h"
#include "runner/git/git_lines.h"
#include "runner/lua/host/host_inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void close_past(struct host_rows *r)
{
	store_cursor_close(r->past);
}

static void close_nothing(struct host_rows *r)
{
	(void)r;
}

static int64_t duration_of(int64_t started_ms, int64_t finished_ms)
{
	return started_ms > 0 && finished_ms >= started_ms ? finished_ms - started_ms : -1;
}

/* ---- runs ---- */

/* The same, where it is no pattern. */
static const char *wants_exactly(const struct host_rows *r, const char *column)
{
	const char *text = host_wants(r, column);

	return text && !glob_is_pattern(text) ? text : NULL;
}

/* Before any rows are read, of whatever run: all cursors of a script see the history of one moment. */
static void fresh(const struct run_host *h)
{
	if (h->o.fresh)
		h->o.fresh(h->o.session);
}

static int open_runs(struct host_rows *r, pipe_error *err)
{
	const struct store_runs_question question = { .before = r->h->o.run,
						      .file = wants_exactly(r, "file"),
						      .branch = host_wants(r, "branch"),
						      .source = host_wants(r, "source"),
						      .status = host_wants(r, "status") };
	struct store *s;
	int rc = host_store(r->h, &s, err);

	fresh(r->h);
	return rc || !s ? rc : store_runs_open(&r->past, s, &question, err);
}

static int next_run(struct host_rows *r, pipe_error *err)
{
	struct host_past_run *run = &r->row.run;
	int rc = r->past ? store_runs_next(r->past, &run->value, err) : 0;

	if (rc != 1)
		return rc;
	run->status = pipe_status_name(run->value.status);
	run->duration_ms = duration_of(run->value.started_ms, run->value.finished_ms);
	return 1;
}

static const struct host_cell run_cells[] = {
	CELL("number", FORM_INTEGER, run.value.number),
	CELL("file", FORM_TEXT, run.value.file),
	CELL("name", FORM_TEXT, run.value.name),
	CELL("branch", FORM_TEXT, run.value.branch),
	CELL("sha", FORM_TEXT, run.value.commit_sha),
	CELL("source", FORM_TEXT, run.value.source),
	CELL("status", FORM_TEXT, run.status),
	CELL("title", FORM_TEXT, run.value.title),
	CELL("started", FORM_MS, run.value.started_ms),
	CELL("duration", FORM_DURATION, run.duration_ms),
	CELLS_END,
};
const struct host_kind host_runs = { .open = open_runs, .next = next_run, .close = close_past, .cells = run_cells };

/* ---- jobs ---- */

/* Of that run alone; 0: of all that were before. */
static int64_t wants_run(const struct host_rows *r)
{
	const int index = lua_column_index(&lua_rows_kinds[LUA_JOBS], "run");

	for (unsigned i = 0; index >= 0 && i < r->query.filter_count && !r->query.run; i++)
		if (r->query.filters[i].column == (unsigned)index && r->query.filters[i].value.type == LUA_CELL_INTEGER &&
		    r->query.filters[i].value.integer > 0)
			return r->query.filters[i].value.integer;
	return r->query.run;
}

static int open_jobs(struct host_rows *r, pipe_error *err)
{
	const struct store_jobs_question question = { .run = wants_run(r),
						      .before = r->h->o.run,
						      .name = host_wants(r, "name"),
						      .environment = host_wants(r, "environment"),
						      .status = host_wants(r, "status") };
	struct store *s;
	int rc = host_store(r->h, &s, err);

	fresh(r->h);
	return rc || !s ? rc : store_jobs_open(&r->past, s, &question, err);
}

/* " 1/3" at the end of a name, or ": [a, b]": what `parallel` and a matrix add.  Its length; 0: neither. */
static size_t instance_suffix(const char *name)
{
	size_t length = strlen(name), at = length;
	const char *matrix = strstr(name, ": [");

	if (matrix && matrix > name && name[length - 1] == ']')
		return length - (size_t)(matrix - name);
	while (at && isdigit((unsigned char)name[at - 1]))
		at--;
	if (at == length || !at || name[--at] != '/')
		return 0;
	for (length = at; at && isdigit((unsigned char)name[at - 1]);)
		at--;
	return at < length && at > 1 && name[at - 1] == ' ' ? strlen(name) - at + 1 : 0;
}

static int next_job(struct host_rows *r, pipe_error *err)
{
	struct host_past_job *job = &r->row.job;
	const pipe_job_record *record = &job->value.job;
	int rc = r->past ? store_jobs_next(r->past, &job->value, err) : 0;
	size_t length;

	if (rc != 1)
		return rc;
	length = strlen(record->name) - instance_suffix(record->name);
	str_reset(&r->base);
	str_add(&r->base, record->name, length);
	if (r->base.failed)
		return error_nomem(err);
	job->base = r->base.data;
	job->status = pipe_status_name(record->status);
	job->attempt = record->attempts;
	job->exit_code = record->exit_code;
	job->duration_ms = duration_of(record->started_ms, record->finished_ms);
	return 1;
}

static void close_jobs(struct host_rows *r)
{
	str_clear(&r->base);
	close_past(r);
}

static const struct host_cell job_cells[] = {
	CELL("run", FORM_INTEGER, job.value.run),
	CELL("name", FORM_TEXT, job.value.job.name),
	CELL("base", FORM_TEXT, job.base),
	CELL("stage", FORM_TEXT, job.value.job.stage),
	CELL("status", FORM_TEXT, job.status),
	CELL("attempt", FORM_INTEGER, job.attempt),
	CELL("exit_code", FORM_INTEGER, job.exit_code),
	CELL("reason", FORM_TEXT, job.value.job.reason),
	CELL("failure", FORM_TEXT, job.value.job.failure),
	CELL("environment", FORM_TEXT, job.value.environment),
	CELL("started", FORM_MS, job.value.job.started_ms),
	CELL("duration", FORM_DURATION, job.duration_ms),
	CELLS_END,
};
const struct host_kind host_jobs = { .open = open_jobs, .next = next_job, .close = close_jobs, .cells = job_cells };

/* ---- the plan ---- */

/* Of a run of the past its jobs say what is known. */
static int open_graph(struct host_rows *r, pipe_error *err)
{
	const struct store_jobs_question question = { .run = r->h->o.run };
	struct store *s = NULL;
	int rc = PIPE_OK;

	if (!r->h->o.plan && r->h->o.run > 0)
		rc = host_store(r->h, &s, err);
	if (r->h->o.plan || r->h->o.run <= 0 || rc || !s)
		return rc;
	return store_jobs_open(&r->past, s, &question, err);
}

static int next_past_job(struct host_rows *r, pipe_error *err)
{
	struct store_job_row job;
	int rc = r->past ? store_jobs_next(r->past, &job, err) : 0;

	if (rc == 1)
		r->row.graph = (struct host_graph){ .name = job.job.name,
						    .stage = job.job.stage,
						    .environment = job.environment };
	return rc;
}

/* NULL at the end; *out NULL: it waits for the stages before its own. */
static int list_needs(struct host_rows *r, const struct plan *plan, const struct plan_job *job, const char *const **out,
		      pipe_error *err)
{
	*out = NULL;
	if (job->waits_for_stages)
		return PIPE_OK;
	r->needs.count = 0;
	for (uint32_t i = 0; i <= job->needs.count; i++) {
		const char **slot = vec_push(&r->arena, &r->needs);

		if (!slot)
			return error_nomem(err);
		*slot = i < job->needs.count ? plan->jobs.items[job->needs.items[i].job].name : NULL;
	}
	*out = r->needs.items;
	return PIPE_OK;
}

static int next_planned(struct host_rows *r, pipe_error *err)
{
	const struct plan *plan = r->h->o.plan;
	struct host_graph *g = &r->row.graph;

	if (!plan)
		return next_past_job(r, err);
	while (r->at < plan->jobs.count) {
		const struct plan_job *job = &plan->jobs.items[r->at++];
		int rc;

		if (!job->selected)
			continue;
		*g = (struct host_graph){ .name = job->name,
					  .stage = plan->pipeline->stages.items[job->stage].name,
					  .when = when_name(job->when),
					  .environment = job->environment_name };
		rc = list_needs(r, plan, job, &g->needs, err);
		return rc ? rc : 1;
	}
	return 0;
}

static const struct host_cell graph_cells[] = {
	CELL("name", FORM_TEXT, graph.name),   CELL("stage", FORM_TEXT, graph.stage),
	CELL("when", FORM_TEXT, graph.when),   CELL("environment", FORM_TEXT, graph.environment),
	CELL("needs", FORM_LIST, graph.needs), CELLS_END,
};
const struct host_kind host_graph = { .open = open_graph, .next = next_planned, .close = close_past, .cells = graph_cells };

/* ---- what changed ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int open_changes(struct host_rows *r, pipe_error *err)
{
	const struct changed_lines *changed;
	const struct git_lines *lines;
	int rc = host_changed(r->h, &changed, err);

	if (rc)
		return rc;
	lines = changed->payload;
	if (!lines || !lines->files.count)
		return PIPE_OK;
	r->paths = ARENA_ARRAY(&r->arena, const char *, lines->files.count);
	if (!r->paths)
		return error_nomem(err);
	for (uint32_t i = 0; i < lines->files.capacity && r->total < lines->files.count; i++)
		if (lines->files.slots[i].key && lines->files.slots[i].value)
			r->paths[r->total++] = lines->files.slots[i].key;
	qsort(r->paths, r->total, sizeof(*r->paths), by_path);
	return PIPE_OK;
}

static int next_change(struct host_rows *r, pipe_error *err)
{
	(void)err;
	if (r->at >= r->total)
		return 0;
	r->row.path = r->paths[r->at++];
	return 1;
}

static const struct host_cell change_cells[] = { CELL("path", FORM_TEXT, path), CELLS_END };
const struct host_kind host_changes = {
	.open = open_changes, .next = next_change, .close = close_nothing, .cells = change_cells
};
