/*
 * The host of a run that is not there yet, with two things of the plan's own: what changed is asked of the plan's world, so that
 * ctx.changes and rules:changes cannot disagree; and calls on several threads get a host without connections.
 */
#include "runner/plan/plan_lua_host.h"

#include "base/error.h"
#include "runner/history/project.h"
#include "runner/plan/planning.h"

#include <stdlib.h>
#include <string.h>

struct plan_lua_host {
	struct pipe_plan *plan;
	struct run_host *run;
	const struct lua_host *below; /* the run's */
	struct lua_host full, files;
};

/* ---- rows: the changes are ours, all others the run's ---- */

struct rows {
	void *below; /* NULL: the changes */
	struct arena arena;
	path_list paths;
	uint64_t limit;
	uint32_t at;
	struct lua_query query;
	struct lua_cell *row;
	int column;
};

static int open_changes(const struct plan_lua_host *h, const struct lua_query *query, struct rows *r, pipe_error *err)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[LUA_CHANGES];
	const struct world *w = h->plan->options.world;
	bool known = false;

	r->query = *query; /* its texts are only looked at while the cursor is open */
	r->limit = query->limit ? query->limit : UINT64_MAX;
	r->column = lua_column_index(kind, "path");
	r->row = ARENA_ARRAY(&r->arena, struct lua_cell, kind->count);
	if (!r->row)
		return error_nomem(err);
	return w->changes(w->context, NULL, &r->paths, &known, &r->arena, err);
}

static void rows_close(void *payload, void *cursor)
{
	const struct plan_lua_host *h = payload;
	struct rows *r = cursor;

	if (!r)
		return;
	if (r->below)
		h->below->rows_close(h->below->payload, r->below);
	arena_clear(&r->arena);
	free(r);
}

static int rows_open(void *payload, const struct lua_query *query, void **cursor, pipe_error *err)
{
	const struct plan_lua_host *h = payload;
	struct rows *r = calloc(1, sizeof(*r));
	int rc;

	*cursor = NULL;
	if (!r)
		return error_nomem(err);
	rc = query->rows == LUA_CHANGES ? open_changes(h, query, r, err)
					: h->below->rows_open(h->below->payload, query, &r->below, err);
	if (rc)
		rows_close(payload, r);
	else
		*cursor = r;
	return rc;
}

static int rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err)
{
	const struct plan_lua_host *h = payload;
	struct rows *r = cursor;

	if (r->below)
		return h->below->rows_next(h->below->payload, r->below, row, err);
	while (r->limit && r->at < r->paths.count) {
		const char *path = r->paths.items[r->at++];

		if (r->column >= 0)
			r->row[r->column] = (struct lua_cell){ .type = LUA_CELL_TEXT, .text = path, .length = strlen(path) };
		if (!lua_query_matches(&r->query, r->row))
			continue;
		r->limit--;
		*row = r->row;
		return 1;
	}
	return 0;
}

/* ---- the rest is the run's ---- */

static int64_t now_ms(void *payload)
{
	const struct plan_lua_host *h = payload;

	return h->below->now_ms(h->below->payload);
}

static int read_file(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	const struct plan_lua_host *h = payload;

	return h->below->read(h->below->payload, path, limit, out, err);
}

static int glob_files(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *), void *each_payload,
		      pipe_error *err)
{
	const struct plan_lua_host *h = payload;

	return h->below->glob(h->below->payload, pattern, limit, each, each_payload, err);
}

int plan_lua_host_create(struct plan_lua_host **out, struct pipe_plan *plan, const struct lua_grants *grants, pipe_error *err)
{
	struct plan_lua_host *h = calloc(1, sizeof(*h));
	struct run_host_options o = { .state_directory = plan->project->state_directory,
				      .project_directory = plan->project->directory,
				      .workspace = plan->project->directory,
				      .grants = grants,
				      .job = UINT32_MAX,
				      .functions = plan->project->lua.functions };
	int rc = h ? run_host_create(&h->run, &o, err) : error_nomem(err);

	*out = NULL;
	if (rc) {
		free(h);
		return rc;
	}
	h->plan = plan;
	h->below = run_host(h->run);
	h->files = (struct lua_host){
		.now_ms = now_ms, .read = read_file, .glob = glob_files, .functions = plan->project->lua.functions, .payload = h
	};
	h->full = h->files;
	h->full.rows_open = rows_open;
	h->full.rows_next = rows_next;
	h->full.rows_close = rows_close;
	*out = h;
	return PIPE_OK;
}

const struct lua_host *plan_lua_host(const struct plan_lua_host *h)
{
	return &h->full;
}

const struct lua_host *plan_lua_host_files(const struct plan_lua_host *h)
{
	return &h->files;
}

void plan_lua_host_free(struct plan_lua_host *h)
{
	if (!h)
		return;
	run_host_free(h->run);
	free(h);
}
