/*
 * The host that a fixture makes: rows come from arrays of the document, one object after the other; nothing is copied but what a row's
 * cells need while the cursor stands on it.
 */
#include "lua/test/fixture_parts.h"

#include "base/error.h"
#include "base/glob.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

static const char *const sides[] = { [SIDE_JOB] = "job_rows", [SIDE_RUN] = "rows", [SIDE_BASELINE] = "baseline_rows" };

/* ---- the shape of the document ---- */

/* An empty table of Lua is an empty list to JSON. */
static bool is_empty(const json_t *value)
{
	return json_is_null(value) || (json_is_array(value) && !json_array_size(value));
}

static int check_rows(const json_t *rows, const char *where, pipe_error *err)
{
	const char *name;
	json_t *list, *row;
	size_t i;

	if (!rows || is_empty(rows))
		return PIPE_OK;
	if (!json_is_object(rows))
		return error_set(err, PIPE_EUSAGE, "\"%s\" of the fixture is to be an object of lists", where);
	json_object_foreach((json_t *)rows, name, list)
	{
		bool known = false;

		for (int k = 0; k < LUA_ROWS_COUNT; k++)
			known = known || !strcmp(name, lua_rows_kinds[k].name);
		if (!known)
			return error_set(err, PIPE_EUSAGE, "the fixture has rows of \"%s\", which is no kind of evidence", name);
		if (!json_is_array(list))
			return error_set(err, PIPE_EUSAGE, "\"%s\" in \"%s\" of the fixture is to be a list", name, where);
		json_array_foreach(list, i, row) if (!json_is_object(row)) return error_set(
			err, PIPE_EUSAGE, "item %zu of \"%s\" in \"%s\" of the fixture is to be an object", i + 1, name, where);
	}
	return PIPE_OK;
}

static int check_members(const json_t *document, pipe_error *err)
{
	static const char *const objects[] = { "run", "job", "vars", "baseline", "files", "history", "totals", "ctx", NULL };
	json_t *version = json_object_get(document, "version");
	int rc = PIPE_OK;

	if (version && json_integer_value(version) != 1)
		return error_set(err, PIPE_EUSAGE, "the fixture's version is not 1: it was recorded by another pipe");
	for (size_t i = 0; objects[i]; i++) {
		const json_t *member = json_object_get(document, objects[i]);

		if (member && !json_is_object(member) && !is_empty(member))
			return error_set(err, PIPE_EUSAGE, "\"%s\" of the fixture is to be an object", objects[i]);
	}
	for (size_t i = 0; i < sizeof(sides) / sizeof(*sides) && !rc; i++)
		rc = check_rows(json_object_get(document, sides[i]), sides[i], err);
	return rc;
}

/* ---- rows ---- */

/* Of an evidence side or an earlier run; NULL: none. */
static const json_t *rows_object(const struct fixture *f, enum evidence_side side, int64_t run)
{
	char number[24];
	const json_t *rows;

	if (run) {
		snprintf(number, sizeof(number), "%lld", (long long)run);
		return json_object_get(json_object_get(json_object_get(f->document, "history"), number), "rows");
	}
	rows = json_object_get(f->document, sides[side]);
	if (!rows && side == SIDE_JOB)
		rows = json_object_get(f->document, sides[SIDE_RUN]);
	return rows;
}

struct cursor {
	struct fixture *fixture;
	const struct lua_rows_kind *kind;
	struct lua_query query;
	const json_t *list;
	size_t at;
	uint64_t given;
	struct lua_cell *cells;
	struct arena arena; /* of the row that it stands on */
	struct map known;   /* only_new: what the baseline has */
	struct arena known_arena;
};

static int64_t integer_of(const json_t *value)
{
	const double number = json_number_value(value);

	if (json_is_integer(value))
		return json_integer_value(value);
	return number > -9e15 && number < 9e15 ? (int64_t)number : 0;
}

static int list_cell(struct arena *a, const json_t *value, struct lua_cell *out)
{
	const size_t count = json_array_size(value);
	const char **list = ARENA_ARRAY(a, const char *, count + 1);

	if (!list)
		return PIPE_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		list[i] = text ? text : "";
	}
	*out = (struct lua_cell){ .type = LUA_CELL_LIST, .list = list };
	return PIPE_OK;
}

/* What is not said of something that cannot be nil. */
static void default_cell(const struct lua_column *column, struct lua_cell *out)
{
	static const struct {
		const char *column, *text;
	} usual[] = { { "kind", "issue" }, { "severity", "unknown" }, { "status", "passed" } };
	const size_t length = strlen(column->type_name);

	*out = (struct lua_cell){ .type = LUA_CELL_NONE };
	if (length && column->type_name[length - 1] == '?')
		return;
	out->type = column->type;
	if (column->type == LUA_CELL_LIST)
		out->type = LUA_CELL_NONE;
	if (column->type != LUA_CELL_TEXT)
		return;
	out->text = "";
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (!strcmp(usual[i].column, column->name))
			out->text = usual[i].text;
	out->length = strlen(out->text);
}

/* A value that is not of the column's type counts as not said. */
static int cell_of(struct arena *a, const struct lua_column *column, const json_t *value, struct lua_cell *out)
{
	const enum lua_cell_type type = column->type;

	default_cell(column, out);
	if (type == LUA_CELL_TEXT && json_is_string(value))
		*out = (struct lua_cell){ .type = type, .text = json_string_value(value), .length = json_string_length(value) };
	else if (type == LUA_CELL_INTEGER && json_is_number(value))
		*out = (struct lua_cell){ .type = type, .integer = integer_of(value) };
	else if (type == LUA_CELL_NUMBER && json_is_number(value))
		*out = (struct lua_cell){ .type = type, .number = json_number_value(value) };
	else if (type == LUA_CELL_BOOL && json_is_boolean(value))
		*out = (struct lua_cell){ .type = type, .truth = json_is_true(value) };
	else if (type == LUA_CELL_LIST && json_is_array(value))
		return list_cell(a, value, out);
	return PIPE_OK;
}

/* Columns that follow from others, where a row leaves them out. */
static void derive_cells(const struct cursor *c, const json_t *row)
{
	const int fixable = lua_column_index(c->kind, "fixable"), percent = lua_column_index(c->kind, "percent");
	const char *fixed = json_string_value(json_object_get(row, "fixed"));
	const double lines = json_number_value(json_object_get(row, "lines"));

	if (fixable >= 0 && !json_object_get(row, "fixable"))
		c->cells[fixable] = (struct lua_cell){ .type = LUA_CELL_BOOL, .truth = fixed && *fixed };
	if (percent >= 0 && lines > 0 && !json_object_get(row, "percent"))
		c->cells[percent] = (struct lua_cell){ .type = LUA_CELL_NUMBER,
						       .number = 100 * json_number_value(json_object_get(row, "hit")) / lines };
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
	const char *x = json_string_value(json_object_get(a, key)), *y = json_string_value(json_object_get(b, key));

	return !strcmp(x ? x : "", y ? y : "");
}

/* Statuses that are the same where it matters what is new. */
static char class_of(const json_t *row)
{
	const char *status = json_string_value(json_object_get(row, "status"));

	if (!status || !strcmp(status, "passed"))
		return 'P';
	return !strcmp(status, "error") ? 'a' : *status ? status[1] : 'P'; /* failed, flaky, skipped */
}

/* Keys of what the baseline has: 'T' a test by its name, as red as it is; 'F' a finding by its fingerprint; 'N' by what it says, where it has
 * none; 'C' by what it says, in any case. */
static const char *known_key(struct arena *a, char how, const json_t *row, size_t *length)
{
	static const char *const test_keys[] = { "suite", "name", "file", NULL };
	static const char *const print_keys[] = { "fingerprint", NULL };
	static const char *const finding_keys[] = { "rule", "path", "package", "message", NULL };
	const char *const *keys = how == 'T' ? test_keys : how == 'F' ? print_keys : finding_keys;
	const char *made = arena_printf(a, "%c%c", how == 'N' ? 'C' : how, how == 'T' ? class_of(row) : how == 'N' ? '1' : '0');

	for (; *keys && made; keys++) {
		const char *text = json_string_value(json_object_get(row, *keys));

		made = arena_printf(a, "%s\n%s", made, text ? text : "");
	}
	*length = made ? strlen(made) : 0;
	return made;
}

static int know(struct cursor *c, char how, const json_t *row)
{
	size_t length;
	const char *key = known_key(&c->known_arena, how, row, &length);

	return key && map_put(&c->known, &c->known_arena, key, length, c) ? PIPE_OK : PIPE_ENOMEM;
}

static int know_baseline(struct cursor *c, const json_t *baseline, pipe_error *err)
{
	const bool tests = c->query.rows == LUA_TESTS;
	const json_t *row;
	size_t i;
	int rc = PIPE_OK;

	json_array_foreach((json_t *)baseline, i, row)
	{
		rc = know(c, tests ? 'T' : 'C', row);
		if (!tests && !rc)
			rc = know(c, json_object_get(row, "fingerprint") ? 'F' : 'N', row);
		if (rc)
			return error_nomem(err);
	}
	return PIPE_OK;
}

static bool is_known(struct cursor *c, char how, const json_t *row)
{
	size_t length;
	const char *key = known_key(&c->arena, how, row, &length);

	return key && map_get(&c->known, key, length);
}

static bool in_baseline(struct cursor *c, const json_t *row)
{
	const json_t *said = json_object_get(row, "new");

	if (json_is_boolean(said))
		return json_is_false(said);
	if (c->query.rows == LUA_TESTS)
		return is_known(c, 'T', row);
	if (json_object_get(row, "fingerprint"))
		return is_known(c, 'F', row) || is_known(c, 'N', row);
	return is_known(c, 'C', row);
}

static void close_rows(void *payload, void *cursor)
{
	struct cursor *c = cursor;

	(void)payload;
	arena_clear(&c->arena);
	arena_clear(&c->known_arena);
	free(c->cells);
	free(c);
}

static int open_rows(void *payload, const struct lua_query *query, void **out, pipe_error *err)
{
	struct fixture *f = payload;
	struct cursor *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return error_nomem(err);
	if (query->run && query->rows < LUA_RUNS && !rows_object(f, query->side, query->run)) {
		free(c);
		return error_set(err, PIPE_ENOTFOUND, "the fixture has no evidence of run %lld: its \"history\" does not have it",
				 (long long)query->run);
	}
	c->kind = &lua_rows_kinds[query->rows];
	c->cells = calloc(c->kind->count ? c->kind->count : 1, sizeof(*c->cells));
	if (!c->cells) {
		free(c);
		return error_nomem(err);
	}
	c->fixture = f;
	c->query = *query;
	c->list = json_object_get(rows_object(f, query->side, query->rows == LUA_JOBS ? 0 : query->run), c->kind->name);
	if (query->rows == LUA_JOBS && query->run && rows_object(f, SIDE_RUN, query->run))
		c->list = json_object_get(rows_object(f, SIDE_RUN, query->run), c->kind->name);
	if (query->only_new && know_baseline(c, json_object_get(rows_object(f, SIDE_BASELINE, 0), c->kind->name), err)) {
		close_rows(f, c);
		return PIPE_ENOMEM;
	}
	*out = c;
	return PIPE_OK;
}

/* Does the change touch the file, the line, as the fixture's changes say?  A change without `lines` touches all of its file. */
static bool is_touched(const struct cursor *c, const json_t *row)
{
	const json_t *changes = json_object_get(json_object_get(c->fixture->document, "rows"), lua_rows_kinds[LUA_CHANGES].name);
	const json_int_t line = json_integer_value(json_object_get(row, "line"));
	const char *said = json_string_value(json_object_get(row, "touched"));
	const json_t *change, *lines, *one;
	size_t i, k;

	if (said)
		return !strcmp(said, "lines") || (!strcmp(said, "files") && !c->query.touched_lines);

	json_array_foreach((json_t *)changes, i, change)
	{
		if (!same_text(change, row, "path"))
			continue;
		lines = json_object_get(change, "lines");
		if (!c->query.touched_lines || !json_is_array(lines))
			return true;
		json_array_foreach((json_t *)lines, k, one) if (json_integer_value(one) == line) return true;
	}
	return false;
}

/* Is there a filter of that column that says true? */
static bool asks_for(const struct lua_query *q, const char *column)
{
	const int index = lua_column_index(&lua_rows_kinds[q->rows], column);

	for (unsigned i = 0; i < q->filter_count; i++)
		if ((int)q->filters[i].column == index && q->filters[i].value.truth)
			return true;
	return false;
}

/* Of the run that is asked for; without one, of any that was before. */
static bool is_of_run(const struct cursor *c, int64_t run)
{
	const int column = lua_column_index(c->kind, "run");

	if (c->query.run)
		return run == c->query.run;
	for (unsigned i = 0; i < c->query.filter_count; i++)
		if ((int)c->query.filters[i].column == column)
			return true; /* the filter has decided */
	return run != json_integer_value(json_object_get(json_object_get(c->fixture->document, "run"), "number"));
}

static bool is_wanted(struct cursor *c, const json_t *row)
{
	const struct lua_query *q = &c->query;

	if (q->rows == LUA_FINDINGS && !q->suppressed && json_is_true(json_object_get(row, "suppressed")))
		return false;
	if (q->rows == LUA_TESTS && json_is_true(json_object_get(row, "quarantined")) && !asks_for(q, "quarantined"))
		return false;
	if ((q->touched_files || q->touched_lines) && !is_touched(c, row))
		return false;
	if (q->rows == LUA_JOBS && json_object_get(row, "run") && !is_of_run(c, json_integer_value(json_object_get(row, "run"))))
		return false;
	return !q->only_new || !in_baseline(c, row);
}

static int next_row(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err)
{
	struct cursor *c = cursor;

	(void)payload;
	while (c->at < json_array_size(c->list) && (!c->query.limit || c->given < c->query.limit)) {
		const json_t *one = json_array_get(c->list, c->at++);

		arena_clear(&c->arena);
		for (unsigned i = 0; i < c->kind->count; i++)
			if (cell_of(&c->arena, &c->kind->columns[i], json_object_get(one, c->kind->columns[i].name),
				    &c->cells[i]))
				return error_nomem(err);
		derive_cells(c, one);
		if (!lua_query_matches(&c->query, c->cells) || !is_wanted(c, one))
			continue;
		c->given++;
		*row = c->cells;
		return 1;
	}
	return 0;
}

/* ---- the rest of the evidence ---- */

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	static const char *const names[] = { [SIDE_JOB] = "job", [SIDE_RUN] = "run", [SIDE_BASELINE] = "baseline" };
	const struct fixture *f = payload;
	const json_t *beyond = json_object_get(json_object_get(f->document, "totals"), names[side]);

	(void)err;
	if (!beyond && side == SIDE_JOB && !json_object_get(f->document, sides[SIDE_JOB]))
		beyond = json_object_get(json_object_get(f->document, "totals"), "run");
	fixture_derive(rows_object(f, side, 0), out);
	fixture_totals_over(beyond, out);
	return PIPE_OK;
}

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	const json_t *list = json_object_get(rows_object(payload, side, 0), lua_rows_kinds[LUA_METRICS].name), *row;
	size_t i;

	(void)err;
	*value = 0;
	*found = false;
	json_array_foreach((json_t *)list, i, row)
	{
		const char *is = json_string_value(json_object_get(row, "name"));

		if (!is || strcmp(is, name) != 0)
			continue;
		*found = true;
		*value += json_number_value(json_object_get(row, "value"));
	}
	return PIPE_OK;
}

static int baseline(void *payload, int64_t *run, const char **branch, const char **why, pipe_error *err)
{
	const struct fixture *f = payload;
	const json_t *b = json_object_get(f->document, "baseline");
	const char *said = json_string_value(json_object_get(b, "why")), *of = json_string_value(json_object_get(b, "branch"));

	(void)err;
	*run = json_integer_value(json_object_get(b, "run"));
	*branch = of ? of : "main";
	*why = NULL;
	if (!*run && !said && json_object_get(f->document, sides[SIDE_BASELINE]))
		*run = 1;
	if (!*run)
		*why = said ? said : "the fixture has none";
	return PIPE_OK;
}

/* ---- files ---- */

static int read_file(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	const struct fixture *f = payload;
	const json_t *file = json_object_get(json_object_get(f->document, "files"), path);

	if (!json_is_string(file))
		return error_set(err, PIPE_ENOTFOUND, "cannot read %s: the test's `files` do not have it", path);
	if (json_string_length(file) > limit)
		return error_set(err, PIPE_ELIMIT, "%s is longer than %zu bytes", path, limit);
	str_add(out, json_string_value(file), json_string_length(file));
	return out->failed ? error_nomem(err) : PIPE_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int glob_files(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *path), void *each_payload,
		      pipe_error *err)
{
	const struct fixture *f = payload;
	json_t *files = json_object_get(f->document, "files"), *text;
	const char **paths = calloc(json_object_size(files) + 1, sizeof(*paths)), *path;
	size_t count = 0, given = 0;
	int rc = PIPE_OK;

	if (!paths)
		return error_nomem(err);
	json_object_foreach(files, path, text) if (json_is_string(text) && glob_match(pattern, path)) paths[count++] = path;
	qsort(paths, count, sizeof(*paths), by_text);
	for (; given < count && given < limit && !rc; given++)
		rc = each(each_payload, paths[given]);
	free(paths);
	return rc < 0 ? rc : PIPE_OK;
}

/* ---- what a script says ---- */

static int keep(json_t *list, json_t *item, pipe_error *err)
{
	return !item || json_array_append_new(list, item) ? error_nomem(err) : PIPE_OK;
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	const struct fixture *f = payload;

	return keep(f->metrics,
		    json_pack("{ss sf ss ss ss}", "name", m->name, "value", m->value, "unit", m->unit, "labels", m->labels,
			      "help", m->help),
		    err);
}

static int put_finding(void *payload, const struct evidence_finding *x, pipe_error *err)
{
	const struct fixture *f = payload;

	return keep(f->findings,
		    json_pack("{ss ss ss ss ss sI ss}", "kind", finding_kind_name((enum finding_kind)x->kind), "severity",
			      severity_name((enum severity)x->severity), "tool", x->tool, "rule", x->rule, "path", x->path,
			      "line", (json_int_t)x->line, "message", x->message),
		    err);
}

static int annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	const struct fixture *f = payload;

	return keep(f->annotations, json_pack("{ss ss* ss*}", "label", label, "text", text, "url", url), err);
}

/* ---- all of it ---- */

static int64_t now(void *payload)
{
	return ((const struct fixture *)payload)->now_ms;
}

static const struct lua_host functions_of_host = { .now_ms = now,
						   .read = read_file,
						   .glob = glob_files,
						   .totals = totals,
						   .metric = metric,
						   .baseline = baseline,
						   .rows_open = open_rows,
						   .rows_next = next_row,
						   .rows_close = close_rows,
						   .put_metric = put_metric,
						   .put_finding = put_finding,
						   .annotate = annotate };

/* When the clock stands: as recorded, else at the run's end, else some Friday. */
static int64_t first_now(const json_t *document)
{
	const json_t *run = json_object_get(document, "run"), *given = json_object_get(document, "now");
	const double started = json_number_value(json_object_get(run, "started"));
	const double lasted = json_number_value(json_object_get(run, "duration"));

	if (json_is_number(given))
		return (int64_t)(json_number_value(given) * 1000);
	return started > 0 ? (int64_t)((started + lasted) * 1000) : INT64_C(1767347100000);
}

int fixture_create(struct fixture **out, json_t *document, pipe_error *err)
{
	struct fixture *f;
	int rc;

	*out = NULL;
	if (!json_is_object(document))
		return error_set(err, PIPE_EUSAGE, "a fixture is to be an object");
	rc = check_members(document, err);
	if (rc)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return error_nomem(err);
	f->document = json_incref(document);
	f->host = functions_of_host;
	f->host.payload = f;
	f->now_ms = first_now(document);
	f->metrics = json_array();
	f->findings = json_array();
	f->annotations = json_array();
	if (!f->metrics || !f->findings || !f->annotations) {
		fixture_free(f);
		return error_nomem(err);
	}
	*out = f;
	return PIPE_OK;
}

void fixture_free(struct fixture *f)
{
	if (!f)
		return;
	json_decref(f->document);
	json_decref(f->metrics);
	json_decref(f->findings);
	json_decref(f->annotations);
	arena_clear(&f->arena);
	free(f);
}

const struct lua_host *fixture_host(const struct fixture *f)
{
	return &f->host;
}

void fixture_functions(struct fixture *f, const struct lua_host_function *functions)
{
	f->host.functions = functions;
}

void fixture_set_now(struct fixture *f, int64_t now_ms)
{
	f->now_ms = now_ms;
}

void fixture_advance(struct fixture *f, int64_t ms)
{
	f->now_ms += ms > 0 && f->now_ms < INT64_MAX / 2 ? ms : 0;
}

json_t *fixture_metrics(const struct fixture *f)
{
	return f->metrics;
}

json_t *fixture_findings(const struct fixture *f)
{
	return f->findings;
}

json_t *fixture_annotations(const struct fixture *f)
{
	return f->annotations;
}
