/*
 * Rows of evidence, history and plan, as `for` takes them.  What a script holds is a question (filter.c); a cursor of the host is open
 * only while it is iterated over, and hands out one row (row.c) after the other.
 *
 * Cursors that are open hang on the call, which closes them before its host is gone; the collector closes those that nobody has any more.
 */
#include "lua/api/inside.h"

/* A question, and the cursor of who iterates over its answer. */
struct rows {
	struct lua_query query;	     /* its texts are kept by the user value */
	const struct lua_host *host; /* while it is open */
	void *cursor;		     /* NULL: not open */
	struct rows *next, **at;     /* of those that are open */
};

static const char rows_key; /* in the registry */

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
		api_push_row(L, r->query.rows, cells);
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
		api_push_row(L, r->query.rows, cells);
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
		api_push_row(L, r->query.rows, cells);
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
	static const luaL_Reg events[] = { { "__call", rows_call },
					   { "__gc", rows_close },
					   { "__close", rows_close },
					   { "__tostring", rows_tostring },
					   { "__newindex", api_row_read_only },
					   { NULL, NULL } };

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

int api_rows(lua_State *L, int index, const char *function, enum lua_rows kind, const struct api_self *self)
{
	struct lua_query query = { .rows = kind, .side = self ? self->side : SIDE_RUN, .run = self ? self->run : 0 };
	struct rows *r;

	lua_settop(L, index);
	lua_createtable(L, 0, 0);
	api_read_filter(L, index, function, &query);
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
		api_push_cell(L, &cells[0], &lua_rows_kinds[LUA_CHANGES].columns[0]);
		lua_rawseti(L, -2, ++count);
	}
	lua_remove(L, -2);
}
