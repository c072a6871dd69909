/*
 * The rows of a fixture: arrays of the document, one object after the other; nothing is copied but what a row's cells need while the cursor
 * stands on it.  What is new is what the baseline's rows do not have.
 */
#include "lua/test/fixture_parts.h"

#include "base/error.h"
#include "base/map.h"
#include <stdlib.h>
#include <string.h>

const char *const fixture_sides[] = { [SIDE_JOB] = "job_rows", [SIDE_RUN] = "rows", [SIDE_BASELINE] = "baseline_rows" };

const json_t *fixture_rows(const struct fixture *f, enum evidence_side side, int64_t run)
{
	char number[24];
	const json_t *rows;

	if (run) {
		snprintf(number, sizeof(number), "%lld", (long long)run);
		return json_object_get(json_object_get(json_object_get(f->document, "history"), number), "rows");
	}
	rows = json_object_get(f->document, fixture_sides[side]);
	if (!rows && side == SIDE_JOB)
		rows = json_object_get(f->document, fixture_sides[SIDE_RUN]);
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

void fixture_rows_close(void *payload, void *cursor)
{
	struct cursor *c = cursor;

	(void)payload;
	arena_clear(&c->arena);
	arena_clear(&c->known_arena);
	free(c->cells);
	free(c);
}

int fixture_rows_open(void *payload, const struct lua_query *query, void **out, pipe_error *err)
{
	struct fixture *f = payload;
	struct cursor *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return error_nomem(err);
	if (query->run && query->rows < LUA_RUNS && !fixture_rows(f, query->side, query->run)) {
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
	c->list = json_object_get(fixture_rows(f, query->side, query->rows == LUA_JOBS ? 0 : query->run), c->kind->name);
	if (query->rows == LUA_JOBS && query->run && fixture_rows(f, SIDE_RUN, query->run))
		c->list = json_object_get(fixture_rows(f, SIDE_RUN, query->run), c->kind->name);
	if (query->only_new && know_baseline(c, json_object_get(fixture_rows(f, SIDE_BASELINE, 0), c->kind->name), err)) {
		fixture_rows_close(f, c);
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

int fixture_rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err)
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
