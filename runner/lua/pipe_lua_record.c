/*
 * pipe_lua_record: what a run's host says, as a fixture (lua/test/fixture.h).
 *
 * A row is marked "new" and "touched" by asking for these again: what the history compares, a fixture could only guess.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/map.h"
#include "lua/test/fixture.h"
#include "runner/history/project.h"
#include "runner/lua/host/host.h"
#include "runner/lua/past.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MOST = 20000 };

struct recording {
	struct arena arena;
	struct past past;
	const struct lua_host *host;
	json_t *document;
	int64_t baseline;
	pipe_error *err;
};

/* 0, or the failure that err holds. */
static int put(struct recording *r, json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) ? error_nomem(r->err) : PIPE_OK;
}

/* ---- facts ---- */

static int put_text(struct recording *r, json_t *object, const char *name, const char *text)
{
	return text ? put(r, object, name, json_string(text)) : PIPE_OK;
}

static int put_seconds(struct recording *r, json_t *object, const char *name, int64_t ms, int64_t unknown)
{
	return ms == unknown ? PIPE_OK : put(r, object, name, json_real((double)ms / 1000));
}

struct fact {
	const char *name;
	size_t offset;
};

static int put_facts(struct recording *r, json_t *object, const struct fact *facts, const void *from)
{
	int rc = PIPE_OK;

	for (; facts->name && !rc; facts++)
		rc = put_text(r, object, facts->name, *(const char *const *)((const char *)from + facts->offset));
	return rc;
}

static int record_run(struct recording *r)
{
#define FACT(name)                                                                                                               \
	{                                                                                                                        \
#name, offsetof(struct lua_run_facts, name)                                                                      \
	}
	static const struct fact facts[] = { FACT(file),  FACT(name),	FACT(source), FACT(branch),  FACT(tag),	 FACT(sha),
					     FACT(title), FACT(target), FACT(status), FACT(project), { NULL, 0 } };
#undef FACT
	const struct lua_run_facts *run = &r->past.run;
	json_t *object = json_pack("{sI}", "number", (json_int_t)run->number);
	int rc = object ? put_facts(r, object, facts, run) : error_nomem(r->err);

	if (!rc)
		rc = put_seconds(r, object, "started", run->started_ms, 0);
	if (!rc)
		rc = put_seconds(r, object, "duration", run->duration_ms, -1);
	if (!rc)
		rc = put(r, r->document, "run", json_incref(object));
	json_decref(object);
	return rc;
}

static int record_job(struct recording *r)
{
#define FACT(name)                                                                                                               \
	{                                                                                                                        \
#name, offsetof(struct lua_job_facts, name)                                                                      \
	}
	static const struct fact facts[] = { FACT(name),   FACT(base),	  FACT(stage),	     FACT(status),
					     FACT(reason), FACT(failure), FACT(environment), { NULL, 0 } };
#undef FACT
	const struct lua_job_facts *job = &r->past.job;
	json_t *object;
	int rc;

	if (r->past.job_index == UINT32_MAX)
		return PIPE_OK;
	object = json_pack("{sI sb}", "attempt", (json_int_t)job->attempt, "allow_failure", (int)job->allow_failure);
	rc = object ? put_facts(r, object, facts, job) : error_nomem(r->err);
	if (!rc && job->exit_code >= 0)
		rc = put(r, object, "exit_code", json_integer(job->exit_code));
	if (!rc)
		rc = put_seconds(r, object, "started", job->started_ms, 0);
	if (!rc)
		rc = put_seconds(r, object, "duration", job->duration_ms, -1);
	if (!rc)
		rc = put(r, r->document, "job", json_incref(object));
	json_decref(object);
	return rc;
}

static int record_variables(struct recording *r)
{
	json_t *object = json_object(), *masked = json_array();
	int rc = object && masked ? PIPE_OK : error_nomem(r->err);

	for (const struct lua_variable *v = r->past.variables; v->name && !rc; v++)
		if (!v->masked)
			rc = put(r, object, v->name, json_string(v->value));
		else if (json_array_append_new(masked, json_string(v->name)))
			rc = error_nomem(r->err);
	if (!rc)
		rc = put(r, r->document, "vars", json_incref(object));
	if (!rc && json_array_size(masked))
		rc = put(r, r->document, "masked", json_incref(masked));
	json_decref(object);
	json_decref(masked);
	return rc;
}

static int record_baseline(struct recording *r)
{
	const char *branch = NULL, *why = NULL;
	int rc = r->host->baseline(r->host->payload, &r->baseline, &branch, &why, r->err);

	if (rc)
		return rc;
	if (!r->baseline)
		return put(r, r->document, "baseline", json_pack("{ss}", "why", why ? why : "there is none"));
	return put(r, r->document, "baseline",
		   json_pack("{sI ss}", "run", (json_int_t)r->baseline, "branch", branch ? branch : ""));
}

/* ---- rows ---- */

static json_t *row_object(const struct lua_rows_kind *kind, const struct lua_cell *row)
{
	json_t *object = json_object();
	bool good = object != NULL;

	for (unsigned i = 0; i < kind->count && good; i++)
		if (row[i].type != LUA_CELL_NONE)
			good = !json_object_set_new(object, kind->columns[i].name, fixture_cell(&row[i]));
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

/* Appends what the query gives.  *more: there was more than ROWS_MOST. */
static int read_rows(struct recording *r, const struct lua_query *query, json_t *list, bool *more)
{
	const struct lua_cell *row;
	void *cursor;
	int rc = r->host->rows_open(r->host->payload, query, &cursor, r->err);

	if (rc)
		return rc;
	while ((rc = r->host->rows_next(r->host->payload, cursor, &row, r->err)) == 1) {
		if (json_array_size(list) >= ROWS_MOST) {
			*more = true;
			rc = PIPE_OK;
			break;
		}
		if (json_array_append_new(list, row_object(&lua_rows_kinds[query->rows], row))) {
			rc = error_nomem(r->err);
			break;
		}
	}
	r->host->rows_close(r->host->payload, cursor);
	return rc;
}

/* Puts a member into the rows that the query gives as well.  value: handed over. */
static int mark_rows(struct recording *r, const struct lua_query *query, const struct map *rows, const char *name, json_t *value)
{
	json_t *marked = json_array(), *one;
	bool more = false;
	size_t i;
	int rc = marked ? read_rows(r, query, marked, &more) : error_nomem(r->err);

	json_array_foreach(marked, i, one)
	{
		char *key = json_dumps(one, JSON_COMPACT);
		json_t *row = key ? map_get(rows, key, strlen(key)) : NULL;

		if (row && !rc && json_object_set(row, name, value))
			rc = error_nomem(r->err);
		free(key);
	}
	json_decref(marked);
	json_decref(value);
	return rc;
}

/* The rows by what they are as text, before anything is marked in them. */
static int index_rows(struct recording *r, json_t *list, struct map *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		char *text = json_dumps(one, JSON_COMPACT);
		const char *key = text ? arena_strdup(&r->arena, text) : NULL;

		free(text);
		if (!key || !map_put(out, &r->arena, key, strlen(key), one))
			return error_nomem(r->err);
	}
	return PIPE_OK;
}

static int mark_all_false(json_t *list, pipe_error *err)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (json_object_set_new(one, "new", json_false())) return error_nomem(err);
	return PIPE_OK;
}

static int mark_new(struct recording *r, struct lua_query query, json_t *list, const struct map *rows)
{
	int rc = mark_all_false(list, r->err);

	query.only_new = true;
	return rc ? rc : mark_rows(r, &query, rows, "new", json_true());
}

/* What changed may be unknown by now: then nothing is marked. */
static int mark_touched(struct recording *r, struct lua_query query, const struct map *rows)
{
	pipe_error *err = r->err, unknown;
	int rc;

	r->err = &unknown;
	query.touched_files = true;
	rc = mark_rows(r, &query, rows, "touched", json_string("files"));
	query.touched_files = false;
	query.touched_lines = true;
	if (!rc)
		rc = mark_rows(r, &query, rows, "touched", json_string("lines"));
	r->err = err;
	return rc == PIPE_ENOMEM ? error_nomem(err) : PIPE_OK;
}

static int mark_new_and_touched(struct recording *r, struct lua_query query, json_t *list)
{
	struct map rows = MAP_INIT;
	int rc = index_rows(r, list, &rows);

	if (!rc && r->baseline)
		rc = mark_new(r, query, list, &rows);
	if (!rc && query.rows == LUA_FINDINGS)
		rc = mark_touched(r, query, &rows);
	return rc;
}

/* Tests in quarantine come only to those who ask for them. */
static int read_quarantined(struct recording *r, struct lua_query query, json_t *list, bool *more)
{
	const int column = lua_column_index(&lua_rows_kinds[LUA_TESTS], "quarantined");

	query.filter_count = 1;
	query.filters[0].column = (unsigned)column;
	query.filters[0].value = (struct lua_cell){ .type = LUA_CELL_BOOL, .truth = true };
	return read_rows(r, &query, list, more);
}

/* Some report told of it, be it that there is none. */
static bool is_known(const struct evidence_totals *t, enum lua_rows kind)
{
	bool findings = false;

	for (int k = 0; k < FINDING_KIND_COUNT; k++)
		findings = findings || t->has_findings[k];
	return (kind == LUA_TESTS && t->has_tests) || (kind == LUA_COVERAGE && t->has_coverage) ||
	       (kind == LUA_FINDINGS && findings);
}

static int note_more(struct recording *r, const char *where, const char *kind)
{
	json_t *notes = json_object_get(r->document, "notes");
	char text[128];

	snprintf(text, sizeof(text), "%s.%s: only the first %d", where, kind, ROWS_MOST);
	if (!notes && put(r, r->document, "notes", json_array()))
		return PIPE_ENOMEM;
	return json_array_append_new(json_object_get(r->document, "notes"), json_string(text)) ? error_nomem(r->err) : PIPE_OK;
}

static int read_kind(struct recording *r, struct lua_query query, json_t *list, bool *more)
{
	int rc = read_rows(r, &query, list, more);

	if (!rc && query.rows == LUA_TESTS)
		rc = read_quarantined(r, query, list, more);
	if (!rc && query.rows == LUA_JOBS) { /* the jobs of this run beside those of all before */
		query.run = r->past.number;
		rc = read_rows(r, &query, list, more);
	}
	if (!rc && (query.rows == LUA_TESTS || query.rows == LUA_FINDINGS) && query.side != SIDE_BASELINE)
		rc = mark_new_and_touched(r, query, list);
	return rc;
}

static int record_kind(struct recording *r, enum lua_rows kind, enum evidence_side side, const char *where, json_t *rows,
		       bool known)
{
	const struct lua_query query = { .rows = kind, .side = side, .suppressed = kind == LUA_FINDINGS };
	json_t *list = json_array();
	bool more = false;
	int rc = list ? read_kind(r, query, list, &more) : error_nomem(r->err);

	if (rc == PIPE_ENOTFOUND && kind == LUA_CHANGES)
		rc = PIPE_OK; /* what changed cannot be found out any more */
	if (!rc && (known || json_array_size(list)))
		rc = put(r, rows, lua_rows_kinds[kind].name, json_incref(list));
	if (!rc && more)
		rc = note_more(r, where, lua_rows_kinds[kind].name);
	json_decref(list);
	return rc;
}

/* One side: its rows under `where`, and what they do not say of the sums under totals.`name`. */
static int record_side(struct recording *r, enum evidence_side side, const char *where, const char *name)
{
	const int last = side == SIDE_RUN ? LUA_ROWS_COUNT : LUA_RUNS;
	struct evidence_totals totals;
	json_t *rows = json_object(), *beyond = NULL;
	int rc = rows ? r->host->totals(r->host->payload, side, &totals, r->err) : error_nomem(r->err);

	for (int kind = 0; kind < last && !rc; kind++)
		rc = record_kind(r, (enum lua_rows)kind, side, where, rows, is_known(&totals, (enum lua_rows)kind));
	if (!rc)
		rc = fixture_totals_beyond(rows, &totals, &beyond, r->err);
	if (!rc)
		rc = put(r, r->document, where, json_incref(rows));
	if (!rc && beyond && !json_object_get(r->document, "totals"))
		rc = put(r, r->document, "totals", json_object());
	if (!rc && beyond)
		rc = put(r, json_object_get(r->document, "totals"), name, json_incref(beyond));
	json_decref(beyond);
	json_decref(rows);
	return rc;
}

/* The rows of an earlier run, for ctx.history.run; *left: how many more rows there is room for. */
static int record_earlier(struct recording *r, int64_t run, json_t *history, size_t *left)
{
	json_t *rows = json_object(), *one;
	char number[24];
	const char *name;
	int rc = rows ? PIPE_OK : error_nomem(r->err);

	for (int kind = 0; kind < LUA_RUNS && !rc; kind++) {
		const struct lua_query query = { .rows = (enum lua_rows)kind, .side = SIDE_RUN, .run = run, .limit = *left };
		json_t *list = json_array();
		bool more = false;

		rc = list ? read_rows(r, &query, list, &more) : error_nomem(r->err);
		if (!rc && json_array_size(list))
			rc = put(r, rows, lua_rows_kinds[kind].name, json_incref(list));
		json_decref(list);
	}
	json_object_foreach(rows, name, one) *left -= json_array_size(one) < *left ? json_array_size(one) : *left;
	snprintf(number, sizeof(number), "%lld", (long long)run);
	if (!rc)
		rc = put(r, history, number, json_pack("{sO}", "rows", rows));
	json_decref(rows);
	return rc;
}

/* Of the newest runs, as far as ROWS_MOST rows go. */
static int record_history(struct recording *r)
{
	const json_t *runs = json_object_get(json_object_get(r->document, "rows"), lua_rows_kinds[LUA_RUNS].name), *run;
	json_t *history = json_object();
	size_t left = ROWS_MOST, i;
	int rc = history ? PIPE_OK : error_nomem(r->err);

	json_array_foreach((json_t *)(uintptr_t)runs, i, run)
	{
		if (rc || !left)
			break;
		rc = record_earlier(r, json_integer_value(json_object_get(run, "number")), history, &left);
	}
	if (!rc && !left)
		rc = note_more(r, "history", "rows");
	if (!rc && json_object_size(history))
		rc = put(r, r->document, "history", json_incref(history));
	json_decref(history);
	return rc;
}

static int record_all(struct recording *r)
{
	int rc = put(r, r->document, "version", json_integer(1));

	if (!rc)
		rc = record_run(r);
	if (!rc)
		rc = record_job(r);
	if (!rc)
		rc = record_variables(r);
	if (!rc)
		rc = record_baseline(r);
	if (!rc)
		rc = record_side(r, SIDE_RUN, "rows", "run");
	if (!rc && r->baseline)
		rc = record_side(r, SIDE_BASELINE, "baseline_rows", "baseline");
	if (!rc && r->past.job_index != UINT32_MAX)
		rc = record_side(r, SIDE_JOB, "job_rows", "job");
	return rc ? rc : record_history(r);
}

/* ---- writing ---- */

static int add_text(const char *text, size_t length, void *payload)
{
	struct str *out = payload;

	str_add(out, text, length);
	str_pass(out);
	return out->failed ? -1 : 0;
}

/* The first levels with a line for each member, a row on one line: so that a fixture is read and compared easily. */
static void write_value(struct str *out, const json_t *value, unsigned level)
{
	enum { OPEN_LEVELS = 3 };
	const bool list = json_is_array(value);
	const char *separator = "\n", *name;
	json_t *member;
	size_t i;

	if (level >= OPEN_LEVELS || !(list ? json_array_size(value) : json_object_size(value))) {
		if (json_dump_callback(value, add_text, out, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15)))
			out->failed = true;
		return;
	}
	str_addc(out, list ? '[' : '{');
	if (list)
		json_array_foreach((json_t *)(uintptr_t)value, i, member)
		{
			str_printf(out, "%s%*s", separator, (int)level + 1, "");
			write_value(out, member, OPEN_LEVELS);
			separator = ",\n";
		}
	else
		json_object_foreach((json_t *)(uintptr_t)value, name, member)
		{
			str_printf(out, "%s%*s", separator, (int)level + 1, "");
			jsonw_quote(out, name, strlen(name));
			str_adds(out, ": ");
			write_value(out, member, level + 1);
			separator = ",\n";
		}
	str_printf(out, "\n%*s%c", (int)level, "", list ? ']' : '}');
}

static int write_document(struct recording *r, pipe_write_cb write, void *payload)
{
	struct str out;
	int rc = PIPE_OK;

	str_init(&out);
	out.write = write;
	out.payload = payload;
	write_value(&out, r->document, 0);
	str_addc(&out, '\n');
	if (out.failed || write(payload, out.data, out.length))
		rc = error_set(r->err, PIPE_EIO, "the fixture could not be written");
	str_clear(&out);
	return rc;
}

int pipe_lua_record(pipe_project *project, int64_t run, const char *job, pipe_write_cb write, void *payload, pipe_error *err)
{
	struct run_host_options o = { .state_directory = project->state_directory, .project_directory = project->directory };
	struct recording r = { .err = err };
	struct run_host *host = NULL;
	int rc = past_read(&r.past, project, run, job, NULL, &r.arena, err);

	o.run = r.past.number;
	o.job = r.past.job_index;
	o.base = r.past.job.base;
	if (!rc)
		rc = run_host_create(&host, &o, err);
	if (!rc) {
		r.host = run_host(host);
		r.document = json_object();
		rc = r.document ? record_all(&r) : error_nomem(err);
	}
	if (!rc)
		rc = write_document(&r, write, payload);
	json_decref(r.document);
	run_host_free(host);
	arena_clear(&r.arena);
	return rc;
}
