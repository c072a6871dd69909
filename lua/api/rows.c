/*
 * Rows of evidence, history and plan, as `for` takes them.  What a script holds is a question; a cursor of the host is open only while
 * it is iterated over.  A row is one userdata with its cells and their texts in it; its fields are found by column name.
 *
 * Cursors that are open hang on the call, which closes them before its host is gone; the collector closes those that nobody has any more.
 */
#include "lua/api/inside.h"

#include "base/suggest.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* A question, and the cursor of who iterates over its answer. */
struct rows {
	struct lua_query query;	     /* its texts are kept by the user value */
	const struct lua_host *host; /* while it is open */
	void *cursor;		     /* NULL: not open */
	struct rows *next, **at;     /* of those that are open */
};

struct row {
	const struct lua_rows_kind *kind;
	struct lua_cell cells[]; /* kind->count, then what they point to */
};

/* Keys in the registry: of rows, and (by kind) of one row. */
static const char rows_key, row_keys[LUA_ROWS_COUNT];

enum { ROW_CHARGE = 60, QUERY_CHARGE = 200 };

static struct rows *rows_at(lua_State *L, int index)
{
	struct rows *r = lua_touserdata(L, index);
	bool ours = r && lua_getmetatable(L, index);

	if (ours) {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &rows_key);
		ours = lua_rawequal(L, -1, -2);
		lua_pop(L, 2);
	}
	if (!ours)
		luaL_typeerror(L, index, "rows (call it with a colon: rows:list())");
	return r;
}

/* ---- cursors ---- */

static void close_cursor(struct rows *r)
{
	if (!r->cursor)
		return;
	*r->at = r->next;
	if (r->next)
		r->next->at = r->at;
	r->host->rows_close(r->host->payload, r->cursor);
	r->cursor = NULL;
}

static void close_all(struct lua_call *call)
{
	while (call->cursors)
		close_cursor(call->cursors);
}

static void open_cursor(lua_State *L, struct rows *r)
{
	struct lua_call *call = guest_of(L)->call;
	pipe_error err = { 0 };
	int rc;

	r->host = call->options.host;
	if (!r->host || !r->host->rows_open)
		return;
	budget_in_earnest(L);
	budget_charge(L, QUERY_CHARGE);
	rc = r->host->rows_open(r->host->payload, &r->query, &r->cursor, &err);
	if (rc) {
		r->cursor = NULL;
		if (rc == PIPE_ENOMEM)
			api_no_memory(L);
		guest_raise(L, &err);
		return;
	}
	if (!r->cursor)
		return;
	call->close_cursors = close_all;
	r->next = call->cursors;
	r->at = (struct rows **)(void *)&call->cursors;
	if (r->next)
		r->next->at = &r->next;
	call->cursors = r;
}

/* The next row, borrowed; NULL: the end, and the cursor is closed. */
static const struct lua_cell *next_cells(lua_State *L, struct rows *r)
{
	const struct lua_cell *cells = NULL;
	pipe_error err = { 0 };
	int rc = r->cursor ? r->host->rows_next(r->host->payload, r->cursor, &cells, &err) : 0;

	if (rc == 1) {
		budget_charge(L, ROW_CHARGE);
		return cells;
	}
	close_cursor(r);
	if (rc == PIPE_ENOMEM)
		api_no_memory(L);
	if (rc)
		guest_raise(L, &err);
	return NULL;
}

/* ---- one row ---- */

static const struct lua_column *column_of(const struct row *row, unsigned i)
{
	return &row->kind->columns[i];
}

/* A cell without a value, in a column that always has one. */
static void push_nothing(lua_State *L, const struct lua_column *column)
{
	if (strchr(column->type_name, '?'))
		lua_pushnil(L);
	else if (column->type == LUA_CELL_TEXT)
		lua_pushliteral(L, "");
	else if (column->type == LUA_CELL_BOOL)
		lua_pushboolean(L, 0);
	else if (column->type == LUA_CELL_LIST)
		lua_createtable(L, 0, 0);
	else
		lua_pushinteger(L, 0);
}

static void push_cell(lua_State *L, const struct lua_cell *cell, const struct lua_column *column)
{
	switch (cell->type) {
	case LUA_CELL_TEXT:
		lua_pushlstring(L, cell->text, cell->length);
		return;
	case LUA_CELL_INTEGER:
		lua_pushinteger(L, cell->integer);
		return;
	case LUA_CELL_NUMBER:
		lua_pushnumber(L, cell->number);
		return;
	case LUA_CELL_BOOL:
		lua_pushboolean(L, cell->truth);
		return;
	case LUA_CELL_LIST:
		lua_createtable(L, 0, 0);
		for (lua_Integer i = 0; cell->list[i]; i++) {
			lua_pushstring(L, cell->list[i]);
			lua_rawseti(L, -2, i + 1);
		}
		return;
	case LUA_CELL_NONE:
		break;
	}
	push_nothing(L, column);
}

static int no_column(lua_State *L, const struct row *row)
{
	const char *name = row->kind->row + sizeof("pipe.") - 1;
	struct suggest s;

	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "a %s has no field %s", name, luaL_tolstring(L, 2, NULL));
	suggest_init(&s, lua_tostring(L, 2));
	for (unsigned i = 0; i < row->kind->count; i++)
		suggest_offer(&s, column_of(row, i)->name);
	if (s.best)
		return luaL_error(L, "a %s has no field \"%s\"; did you mean \"%s\"?", name, s.wanted, s.best);
	return luaL_error(L, "a %s has no field \"%s\"", name, s.wanted);
}

/* Upvalue 1: numbers of columns by name. */
static int row_index(lua_State *L)
{
	const struct row *row = lua_touserdata(L, 1);
	lua_Integer i;

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNUMBER)
		return no_column(L, row);
	i = lua_tointeger(L, -1);
	push_cell(L, &row->cells[i], column_of(row, (unsigned)i));
	return 1;
}

static int row_next(lua_State *L)
{
	const struct row *row = lua_touserdata(L, lua_upvalueindex(1));
	lua_Integer i = 0;

	if (!lua_isnoneornil(L, 2)) {
		lua_pushvalue(L, 2);
		lua_rawget(L, lua_upvalueindex(2));
		i = lua_tointeger(L, -1) + 1;
	}
	for (; i < (lua_Integer)row->kind->count; i++) {
		lua_settop(L, 0);
		lua_pushstring(L, column_of(row, (unsigned)i)->name);
		push_cell(L, &row->cells[i], column_of(row, (unsigned)i));
		if (!lua_isnil(L, -1))
			return 2;
	}
	return 0;
}

/* In the order of the columns, without those that are nil. */
static int row_pairs(lua_State *L)
{
	lua_settop(L, 1);
	lua_pushvalue(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushcclosure(L, row_next, 2);
	return 1;
}

static int row_tostring(lua_State *L)
{
	const struct row *row = lua_touserdata(L, 1);
	luaL_Buffer text;
	bool any = false;

	luaL_buffinit(L, &text);
	luaL_addstring(&text, "{");
	for (unsigned i = 0; i < row->kind->count; i++) {
		if (row->cells[i].type == LUA_CELL_NONE || row->cells[i].type == LUA_CELL_LIST ||
		    (row->cells[i].type == LUA_CELL_TEXT && !row->cells[i].length))
			continue;
		luaL_addstring(&text, any ? ", " : "");
		luaL_addstring(&text, column_of(row, i)->name);
		luaL_addstring(&text, " = ");
		push_cell(L, &row->cells[i], column_of(row, i));
		luaL_tolstring(L, -1, NULL);
		lua_remove(L, -2);
		luaL_addvalue(&text);
		any = true;
	}
	luaL_addstring(&text, "}");
	luaL_pushresult(&text);
	return 1;
}

static int row_read_only(lua_State *L)
{
	return luaL_error(L, "rows are read-only");
}

static void push_row_metatable(lua_State *L, enum lua_rows rows)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[rows];

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &row_keys[rows]) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 6);
	lua_createtable(L, 0, (int)kind->count);
	for (unsigned i = 0; i < kind->count; i++) {
		lua_pushinteger(L, i);
		lua_setfield(L, -2, kind->columns[i].name);
	}
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, row_index, 1);
	lua_setfield(L, -3, "__index");
	lua_pushcclosure(L, row_pairs, 1);
	lua_setfield(L, -2, "__pairs");
	lua_pushcfunction(L, row_tostring);
	lua_setfield(L, -2, "__tostring");
	lua_pushcfunction(L, row_read_only);
	lua_setfield(L, -2, "__newindex");
	lua_pushstring(L, kind->row);
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &row_keys[rows]);
}

static size_t list_bytes(const char *const *list)
{
	size_t bytes = sizeof(*list);

	for (; *list; list++)
		bytes += sizeof(*list) + strlen(*list) + 1;
	return bytes;
}

/* What a row's cells point to; lists, which hold pointers, stand in front of the texts. */
static size_t bytes_of(const struct lua_cell *cells, unsigned count)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < count; i++)
		if (cells[i].type == LUA_CELL_TEXT)
			bytes += cells[i].length + 1;
		else if (cells[i].type == LUA_CELL_LIST)
			bytes += list_bytes(cells[i].list);
	return bytes;
}

static char *copy_list(struct lua_cell *cell, char *to)
{
	const char *const *from = cell->list;
	const char **list = (const char **)(void *)to;
	size_t count = 0, length;

	while (from[count])
		count++;
	to += (count + 1) * sizeof(*list);
	for (size_t i = 0; i < count; i++) {
		length = strlen(from[i]) + 1;
		list[i] = memcpy(to, from[i], length);
		to += length;
	}
	list[count] = NULL;
	cell->list = list;
	return to;
}

static void push_row(lua_State *L, enum lua_rows rows, const struct lua_cell *cells)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[rows];
	struct row *row = lua_newuserdatauv(L, sizeof(*row) + kind->count * sizeof(*cells) + bytes_of(cells, kind->count), 0);
	char *to = (char *)&row->cells[kind->count];

	row->kind = kind;
	memcpy(row->cells, cells, kind->count * sizeof(*cells));
	/* No kind has more than one list, so that it begins where a pointer may. */
	for (unsigned i = 0; i < kind->count; i++)
		if (cells[i].type == LUA_CELL_LIST)
			to = copy_list(&row->cells[i], to);
	for (unsigned i = 0; i < kind->count; i++) {
		if (cells[i].type != LUA_CELL_TEXT)
			continue;
		memcpy(to, cells[i].text, cells[i].length);
		to[cells[i].length] = '\0';
		row->cells[i].text = to;
		to += cells[i].length + 1;
	}
	push_row_metatable(L, rows);
	lua_setmetatable(L, -2);
}

/* ---- a row as JSON ---- */

/* NULL: no memory.  What is no text for JSON, the name of a file in an old encoding, is null. */
static json_t *json_text(const char *text, size_t length)
{
	return utf8_valid(text, length) == length ? json_stringn_nocheck(text, length) : json_null();
}

static json_t *cell_json(const struct lua_cell *cell)
{
	json_t *list;

	switch (cell->type) {
	case LUA_CELL_TEXT:
		return json_text(cell->text, cell->length);
	case LUA_CELL_INTEGER:
		return json_integer(cell->integer);
	case LUA_CELL_NUMBER:
		return isfinite(cell->number) ? json_real(cell->number) : json_null();
	case LUA_CELL_BOOL:
		return json_boolean(cell->truth);
	case LUA_CELL_LIST:
		list = json_array();
		for (size_t i = 0; list && cell->list[i]; i++)
			if (json_array_append_new(list, json_text(cell->list[i], strlen(cell->list[i])))) {
				json_decref(list);
				return NULL;
			}
		return list;
	case LUA_CELL_NONE:
		break;
	}
	return json_null();
}

json_t *api_row_json(lua_State *L, int index, size_t *bytes, bool *is_row)
{
	const struct row *row = lua_touserdata(L, index);
	bool ours = false;
	json_t *object;

	*bytes = lua_rawlen(L, index);
	*is_row = false;
	if (!lua_getmetatable(L, index))
		return NULL;
	for (unsigned i = 0; i < LUA_ROWS_COUNT && !ours; i++) {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &row_keys[i]);
		ours = lua_rawequal(L, -1, -2);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	*is_row = ours;
	object = ours ? json_object() : NULL;
	for (unsigned i = 0; object && i < row->kind->count; i++)
		if (row->cells[i].type != LUA_CELL_NONE &&
		    json_object_set_new(object, column_of(row, i)->name, cell_json(&row->cells[i]))) {
			json_decref(object);
			return NULL;
		}
	return object;
}

/* ---- rows ---- */

/* What `for` calls: with a state and the row before, nil at first.  Called by hand, without: the row after the last one. */
static int rows_call(lua_State *L)
{
	struct rows *r = rows_at(L, 1);
	const struct lua_cell *cells;

	if (lua_gettop(L) > 1 && lua_isnoneornil(L, 3))
		close_cursor(r);
	if (!r->cursor)
		open_cursor(L, r);
	cells = next_cells(L, r);
	if (cells)
		push_row(L, r->query.rows, cells);
	else
		lua_pushnil(L);
	return 1;
}

static int rows_close(lua_State *L)
{
	close_cursor(lua_touserdata(L, 1));
	return 0;
}

static void push_rows_metatable(lua_State *L);

/* Pushes a question of its own for a method, with its cursor open. */
static struct rows *ask_again(lua_State *L, int index)
{
	const struct rows *from = rows_at(L, index);
	struct rows *r = lua_newuserdatauv(L, sizeof(*r), 1);

	*r = (struct rows){ .query = from->query };
	lua_pushvalue(L, index);
	lua_setiuservalue(L, -2, 1);
	push_rows_metatable(L);
	lua_setmetatable(L, -2);
	open_cursor(L, r);
	return r;
}

static int rows_count(lua_State *L)
{
	struct rows *r = ask_again(L, 1);
	lua_Integer count = 0;

	while (next_cells(L, r))
		count++;
	lua_pushinteger(L, count);
	return 1;
}

static int rows_first(lua_State *L)
{
	struct rows *r = ask_again(L, 1);
	const struct lua_cell *cells = next_cells(L, r);

	if (cells)
		push_row(L, r->query.rows, cells);
	else
		lua_pushnil(L);
	close_cursor(r);
	return 1;
}

static int rows_list(lua_State *L)
{
	lua_Integer limit = luaL_optinteger(L, 2, LUA_MAXINTEGER);
	struct rows *r = ask_again(L, 1);
	const struct lua_cell *cells;

	lua_createtable(L, 0, 0);
	for (lua_Integer i = 1; i <= limit && (cells = next_cells(L, r)); i++) {
		push_row(L, r->query.rows, cells);
		lua_rawseti(L, -2, i);
	}
	close_cursor(r);
	return 1;
}

static int rows_tostring(lua_State *L)
{
	lua_pushfstring(L, "rows of %s", lua_rows_kinds[rows_at(L, 1)->query.rows].name);
	return 1;
}

static int rows_no_method(lua_State *L)
{
	return api_no_field(L, "pipe.Rows", api_class_named("pipe.Rows"), 2);
}

static void push_methods(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "list", rows_list }, { "first", rows_first }, { "count", rows_count }, { NULL, NULL }
	};

	lua_createtable(L, 0, 3);
	luaL_setfuncs(L, methods, 0);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, rows_no_method);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}

static void push_rows_metatable(lua_State *L)
{
	static const luaL_Reg events[] = { { "__call", rows_call },	    { "__gc", rows_close },
					   { "__close", rows_close },	    { "__tostring", rows_tostring },
					   { "__newindex", row_read_only }, { NULL, NULL } };

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &rows_key) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 8);
	luaL_setfuncs(L, events, 0);
	push_methods(L);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &rows_key);
}

/* ---- questions ---- */

static bool truth(lua_State *L, const char *function, const char *name)
{
	if (lua_type(L, -1) != LUA_TBOOLEAN)
		api_wrong(L, function, "\"%s\" is to be true or false", name);
	return lua_toboolean(L, -1);
}

static void read_limit(lua_State *L, const char *function, struct lua_query *q)
{
	lua_Number limit = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;

	if (!(limit >= 1) || limit > 1e15)
		api_wrong(L, function, "\"limit\" is to be a number from 1 on");
	q->limit = (uint64_t)limit;
}

static void read_new(lua_State *L, const char *function, struct lua_query *q)
{
	q->only_new = truth(L, function, "new");
}

static void read_suppressed(lua_State *L, const char *function, struct lua_query *q)
{
	q->suppressed = truth(L, function, "suppressed");
}

static void read_touched(lua_State *L, const char *function, struct lua_query *q)
{
	const char *what = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";

	q->touched_files = !strcmp(what, "files");
	q->touched_lines = !strcmp(what, "lines");
	if (!q->touched_files && !q->touched_lines)
		api_wrong(L, function, "\"touched\" is to be \"files\" or \"lines\"");
}

static void read_run(lua_State *L, const char *function, struct lua_query *q)
{
	lua_Number run = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;

	if (!(run >= 1) || run > 1e15 || run != floor(run))
		api_wrong(L, function, "\"run\" is to be the number of a run");
	q->run = (int64_t)run;
}

const struct api_word api_words[] = {
	{ "limit", "integer", "so many at the most", ~0u, read_limit },
	{ "new", "boolean", "true: only what the baseline has not", 1u << LUA_TESTS | 1u << LUA_FINDINGS, read_new },
	{ "suppressed", "boolean", "true: suppressed ones, too", 1u << LUA_FINDINGS, read_suppressed },
	{ "touched", "\"files\"|\"lines\"", "only in files, or on lines, that this change touched", 1u << LUA_FINDINGS,
	  read_touched },
	{ "run", "integer", "only those of this run", 1u << LUA_JOBS, read_run },
	{ NULL, NULL, NULL, 0, NULL },
};

static int no_filter(lua_State *L, const char *function, enum lua_rows rows, const char *name)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[rows];
	struct suggest s;

	suggest_init(&s, name);
	for (unsigned i = 0; i < kind->count; i++)
		if (kind->columns[i].filter)
			suggest_offer(&s, kind->columns[i].name);
	for (const struct api_word *w = api_words; w->name; w++)
		if (w->kinds & 1u << rows)
			suggest_offer(&s, w->name);
	if (s.best)
		return api_wrong(L, function, "there is no filter \"%s\"; did you mean \"%s\"?", name, s.best);
	return api_wrong(L, function, "there is no filter \"%s\"", name);
}

/* Columns that know only some values list them in their type: "\"a\"|\"b\"". */
static void check_value(lua_State *L, const char *function, const struct lua_column *column, const char *value)
{
	char names[16][32];
	size_t count = 0, length;
	struct suggest s;

	if (*column->type_name != '"')
		return;
	suggest_init(&s, value);
	for (const char *at = column->type_name; at && *at == '"' && count < 16;
	     at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
		length = strcspn(at + 1, "\"");
		if (length >= sizeof(names[0]))
			continue;
		memcpy(names[count], at + 1, length);
		names[count][length] = '\0';
		if (!strcmp(names[count], value))
			return;
		suggest_offer(&s, names[count++]);
	}
	if (s.best)
		api_wrong(L, function, "no %s is \"%s\"; did you mean \"%s\"?", column->name, value, s.best);
	api_wrong(L, function, "no %s is \"%s\"; there are %s", column->name, value, column->type_name);
}

static void read_column(lua_State *L, const char *function, struct lua_query *q, unsigned i)
{
	const struct lua_column *column = &lua_rows_kinds[q->rows].columns[i];
	struct lua_filter *f = &q->filters[q->filter_count];

	if (q->filter_count == LUA_FILTERS_MOST)
		api_wrong(L, function, "more than %d filters", (int)LUA_FILTERS_MOST);
	f->column = i;
	f->value.type = column->type;
	if (column->type == LUA_CELL_TEXT && lua_type(L, -1) == LUA_TSTRING)
		f->value.text = lua_tolstring(L, -1, &f->value.length);
	else if (column->type == LUA_CELL_BOOL && lua_type(L, -1) == LUA_TBOOLEAN)
		f->value.truth = lua_toboolean(L, -1);
	else
		api_wrong(L, function, "\"%s\" is to be %s, not a %s", column->name,
			  column->type == LUA_CELL_BOOL ? "true or false" : "text", luaL_typename(L, -1));
	if (column->type == LUA_CELL_TEXT) {
		if (strlen(f->value.text) != f->value.length)
			api_wrong(L, function, "there is a NUL in \"%s\"", column->name);
		check_value(L, function, column, f->value.text);
	}
	q->filter_count++;
}

/* The pair that lua_next has pushed. */
static void read_pair(lua_State *L, const char *function, struct lua_query *q)
{
	const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
	int column;

	if (!name)
		api_wrong(L, function, "a filter is a table of values by name: {limit = 10}");
	for (const struct api_word *w = api_words; w->name; w++)
		if (w->kinds & 1u << q->rows && !strcmp(w->name, name)) {
			w->read(L, function, q);
			return;
		}
	column = lua_column_index(&lua_rows_kinds[q->rows], name);
	if (column < 0 || !lua_rows_kinds[q->rows].columns[column].filter)
		no_filter(L, function, q->rows, name);
	read_column(L, function, q, (unsigned)column);
}

/* Texts of the filter belong to a list that nobody changes. */
static void read_filter(lua_State *L, int index, const char *function, struct lua_query *q)
{
	int kept = lua_gettop(L);

	if (lua_isnoneornil(L, index))
		return;
	luaL_checktype(L, index, LUA_TTABLE);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		read_pair(L, function, q);
		lua_rawseti(L, kept, (lua_Integer)lua_rawlen(L, kept) + 1);
	}
}

int api_rows(lua_State *L, int index, const char *function, enum lua_rows kind, const struct api_self *self)
{
	struct lua_query query = { .rows = kind, .side = self ? self->side : SIDE_RUN, .run = self ? self->run : 0 };
	struct rows *r;

	lua_settop(L, index);
	lua_createtable(L, 0, 0);
	read_filter(L, index, function, &query);
	r = lua_newuserdatauv(L, sizeof(*r), 1);
	*r = (struct rows){ .query = query };
	lua_insert(L, -2);
	lua_setiuservalue(L, -2, 1);
	push_rows_metatable(L);
	lua_setmetatable(L, -2);
	/* Function, state, first value, and what `for` closes when it is left. */
	lua_pushnil(L);
	lua_pushnil(L);
	lua_pushvalue(L, -3);
	return 4;
}

/* ---- for others of this room ---- */

static struct rows *ask(lua_State *L, const struct lua_query *query)
{
	struct rows *r = lua_newuserdatauv(L, sizeof(*r), 1);

	*r = (struct rows){ .query = *query };
	push_rows_metatable(L);
	lua_setmetatable(L, -2);
	open_cursor(L, r);
	return r;
}

void api_each_row(lua_State *L, const struct lua_query *query, void (*each)(void *payload, const struct lua_cell *row),
		  void *payload)
{
	struct rows *r = ask(L, query);
	const struct lua_cell *cells;

	while ((cells = next_cells(L, r)))
		each(payload, cells);
	lua_pop(L, 1);
}

void api_push_changes(lua_State *L)
{
	const struct lua_query query = { .rows = LUA_CHANGES };
	struct rows *r = ask(L, &query);
	const struct lua_cell *cells;
	lua_Integer count = 0;

	lua_createtable(L, 0, 1);
	while ((cells = next_cells(L, r))) {
		push_cell(L, &cells[0], &lua_rows_kinds[LUA_CHANGES].columns[0]);
		lua_rawseti(L, -2, ++count);
	}
	lua_remove(L, -2);
}
