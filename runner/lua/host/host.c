#include "runner/lua/host/host_inside.h"

#include "base/error.h"
#include "runner/history/state.h"
#include "runner/stage/changed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what is opened and found out when somebody asks ---- */

int host_store(struct run_host *h, struct store **out, pipe_error *err)
{
	pipe_error why;
	int rc = PIPE_OK;

	if (!h->store && h->o.state_directory)
		rc = store_open(&h->store, h->o.state_directory, STORE_READ, false, &why);
	*out = rc ? NULL : h->store;
	if (rc == PIPE_ENOTFOUND)
		rc = PIPE_OK; /* nothing has been run yet */
	else if (rc && err)
		*err = why;
	return rc;
}

int host_evidence(struct run_host *h, struct evidence_db **out, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!h->evidence && h->o.state_directory)
		rc = evidence_open(&h->evidence, h->o.state_directory, STORE_READ, err);
	*out = rc ? NULL : h->evidence;
	return rc;
}

int host_baseline_of(struct run_host *h, int64_t run, struct evidence_baseline *out, pipe_error *err)
{
	struct store *s;
	int rc = host_store(h, &s, err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	if (s && run > 0)
		rc = evidence_baseline_of(s, run, out, err);
	if (!s || run <= 0 || rc == PIPE_ENOTFOUND)
		snprintf(out->why, sizeof(out->why), "there is no run that could be compared yet");
	return rc == PIPE_ENOTFOUND ? PIPE_OK : rc;
}

int host_baseline(struct run_host *h, const struct evidence_baseline **out, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!h->has_baseline && h->o.baseline)
		h->baseline = *h->o.baseline;
	else if (!h->has_baseline)
		rc = host_baseline_of(h, h->o.run, &h->baseline, err);
	h->has_baseline = rc == PIPE_OK;
	*out = &h->baseline;
	return rc;
}

int host_changed(struct run_host *h, const struct changed_lines **out, pipe_error *err)
{
	const struct evidence_baseline *b;
	int rc = host_baseline(h, &b, err);

	if (rc)
		return rc;
	if (!h->compared && h->o.project_directory)
		stage_changed_lines(h->o.project_directory, b->commit, b->branch, &h->arena, &h->changed);
	else if (!h->compared)
		h->changed.why_unknown = "there is no checkout to look at";
	h->compared = true;
	*out = &h->changed;
	if (h->changed.why_unknown)
		return error_set(err, PIPE_ENOTFOUND, "what changed cannot be found out: %s", h->changed.why_unknown);
	return PIPE_OK;
}

/* ---- figures ---- */

/* *view NULL: there is no evidence. */
static int ready(struct run_host *h, const struct evidence_view **view, pipe_error *err)
{
	static const struct changed_lines not_asked = { .why_unknown = "nobody has looked" };
	struct evidence_db *db;
	struct store *s;
	const struct evidence_baseline *b;
	int rc = host_evidence(h, &db, err);

	*view = NULL;
	if (rc || !db)
		return rc;
	rc = host_store(h, &s, err);
	if (!rc)
		rc = host_baseline(h, &b, err);
	if (rc)
		return rc;
	h->source = (struct evidence_view_source){
		.db = db, .store = s, .run = h->o.run, .job = h->o.job, .base = h->o.base, .baseline = b, .changed = &not_asked
	};
	evidence_view_init(&h->view, &h->source);
	*view = &h->view;
	return PIPE_OK;
}

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	const struct evidence_view *view;
	int rc = ready(payload, &view, err);

	memset(out, 0, sizeof(*out));
	return rc || !view ? rc : view->totals(view->payload, side, out, err);
}

static int totals_of(void *payload, int64_t run, struct evidence_totals *out, pipe_error *err)
{
	struct evidence_db *db;
	int rc = host_evidence(payload, &db, err);

	memset(out, 0, sizeof(*out));
	return rc || !db ? rc : totals_read(db, scopes_of(run, ALL_JOBS), out, err);
}

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	const struct evidence_view *view;
	int rc = ready(payload, &view, err);

	*value = 0;
	*found = false;
	return rc || !view ? rc : view->metric(view->payload, side, name, value, found, err);
}

static int baseline(void *payload, int64_t *run, const char **branch, const char **why, pipe_error *err)
{
	const struct evidence_baseline *b;
	int rc = host_baseline(payload, &b, err);

	if (rc)
		return rc;
	*run = b->run;
	*branch = b->branch;
	*why = b->run ? NULL : b->why;
	return PIPE_OK;
}

/* ---- what a script says ---- */

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	const struct evidence_sink *sink = ((struct run_host *)payload)->o.sink;

	return sink->metric(sink->payload, m, err);
}

static int put_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	const struct evidence_sink *sink = ((struct run_host *)payload)->o.sink;

	return sink->finding(sink->payload, f, err);
}

static int annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	struct run_host *h = payload;

	return h->o.annotate(h->o.payload, label, text, url, err);
}

/* ---- rows ---- */

static int rows_open(void *payload, const struct lua_query *query, void **cursor, pipe_error *err);
static int rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err);
static void rows_close(void *payload, void *cursor);

const struct host_kind *const host_kinds[LUA_ROWS_COUNT] = {
	[LUA_TESTS] = &host_tests,
	[LUA_FINDINGS] = &host_findings,
	[LUA_COVERAGE] = &host_coverage,
	[LUA_METRICS] = &host_metrics,
	[LUA_COMPONENTS] = &host_components,
	[LUA_IMAGES] = &host_images,
	[LUA_CONDITIONS] = &host_conditions,
	[LUA_RUNS] = &host_runs,
	[LUA_JOBS] = &host_jobs,
	[LUA_GRAPH] = &host_graph,
	[LUA_CHANGES] = &host_changes,
};

const char *host_wants(const struct host_rows *r, const char *column)
{
	const int index = lua_column_index(&lua_rows_kinds[r->query.rows], column);

	for (unsigned i = 0; index >= 0 && i < r->query.filter_count; i++)
		if (r->query.filters[i].column == (unsigned)index && r->query.filters[i].value.type == LUA_CELL_TEXT)
			return r->query.filters[i].value.text;
	return NULL;
}

static bool copy_query(struct host_rows *r, const struct lua_query *query)
{
	bool good = query->filter_count <= LUA_FILTERS_MOST;

	r->query = *query;
	for (unsigned i = 0; good && i < query->filter_count; i++) {
		struct lua_cell *value = &r->query.filters[i].value;

		if (value->type != LUA_CELL_TEXT)
			continue;
		value->text = arena_strndup(&r->arena, value->text, value->length);
		good = value->text != NULL;
	}
	return good;
}

/* What each column is filled with: looked up by name, once. */
static bool find_columns(struct host_rows *r)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[r->query.rows];

	r->count = kind->count;
	r->cells = ARENA_ARRAY(&r->arena, struct lua_cell, r->count);
	r->fill = ARENA_ARRAY(&r->arena, const struct host_cell *, r->count);
	r->may_be_nil = ARENA_ARRAY(&r->arena, bool, r->count);
	if (!r->cells || !r->fill || !r->may_be_nil)
		return false;
	for (const struct host_cell *c = r->kind->cells; c->column; c++) {
		int index = lua_column_index(kind, c->column);

		if (index >= 0 && (unsigned)index < r->count)
			r->fill[index] = c;
	}
	for (unsigned i = 0; i < r->count; i++) {
		const char *type = kind->columns[i].type_name;

		r->may_be_nil[i] = type && (strchr(type, '?') || strstr(type, "nil"));
	}
	return true;
}

static int rows_open(void *payload, const struct lua_query *query, void **cursor, pipe_error *err)
{
	struct host_rows *r = calloc(1, sizeof(*r));
	int rc;

	*cursor = NULL;
	if (!r)
		return error_nomem(err);
	r->h = payload;
	r->kind = host_kinds[query->rows];
	r->job = UINT32_MAX;
	str_init(&r->base);
	rc = copy_query(r, query) && find_columns(r) ? r->kind->open(r, err) : error_nomem(err);
	if (rc)
		rows_close(payload, r);
	else
		*cursor = r;
	return rc;
}

static int rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err)
{
	struct host_rows *r = cursor;
	int rc;

	(void)payload;
	if (r->query.limit && r->given >= r->query.limit)
		return 0;
	while ((rc = r->kind->next(r, err)) == 1) {
		host_fill(r);
		if (r->query.filter_count && !lua_query_matches(&r->query, r->cells))
			continue;
		r->given++;
		*row = r->cells;
		return 1;
	}
	return rc;
}

static void rows_close(void *payload, void *cursor)
{
	struct host_rows *r = cursor;

	(void)payload;
	if (!r)
		return;
	r->kind->close(r);
	arena_clear(&r->arena);
	free(r);
}

/* ---- the host ---- */

static int64_t now_ms(void *payload)
{
	struct timespec t;

	(void)payload;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int run_host_create(struct run_host **out, const struct run_host_options *options, pipe_error *err)
{
	struct run_host *h = calloc(1, sizeof(*h));

	*out = NULL;
	if (!h)
		return error_nomem(err);
	h->o = *options;
	h->host = (struct lua_host){ .now_ms = now_ms,
				     .read = options->workspace ? host_read : NULL,
				     .glob = options->workspace ? host_glob : NULL,
				     .totals = totals,
				     .totals_of = totals_of,
				     .metric = metric,
				     .baseline = baseline,
				     .rows_open = rows_open,
				     .rows_next = rows_next,
				     .rows_close = rows_close,
				     .put_metric = options->sink && options->sink->metric ? put_metric : NULL,
				     .put_finding = options->sink && options->sink->finding ? put_finding : NULL,
				     .annotate = options->annotate ? annotate : NULL,
				     .functions = options->functions,
				     .payload = h };
	*out = h;
	return PIPE_OK;
}

const struct lua_host *run_host(const struct run_host *h)
{
	return &h->host;
}

void run_host_free(struct run_host *h)
{
	if (!h)
		return;
	evidence_free(h->evidence);
	store_free(h->store);
	arena_clear(&h->arena);
	free(h);
}
