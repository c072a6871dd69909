/* One row of evidence, history or plan: a userdata with its cells and their texts in it; its fields are found by column name. */
#include "lua/api/inside.h"

#include "base/suggest.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

struct row {
	const struct lua_rows_kind *kind;
	struct lua_cell cells[]; /* kind->count, then what they point to */
};

/* Keys in the registry, by kind. */
static const char row_keys[LUA_ROWS_COUNT];

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

void api_push_cell(lua_State *L, const struct lua_cell *cell, const struct lua_column *column)
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
	api_push_cell(L, &row->cells[i], column_of(row, (unsigned)i));
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
		api_push_cell(L, &row->cells[i], column_of(row, (unsigned)i));
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
		api_push_cell(L, &row->cells[i], column_of(row, i));
		luaL_tolstring(L, -1, NULL);
		lua_remove(L, -2);
		luaL_addvalue(&text);
		any = true;
	}
	luaL_addstring(&text, "}");
	luaL_pushresult(&text);
	return 1;
}

int api_row_read_only(lua_State *L)
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
	lua_pushcfunction(L, api_row_read_only);
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

void api_push_row(lua_State *L, enum lua_rows rows, const struct lua_cell *cells)
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
