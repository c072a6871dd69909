/* What a script asks rows for: the members of a filter into a query.  A member is a word that the kind knows (api_words) or a column. */
#include "lua/api/inside.h"

#include "base/suggest.h"

#include <math.h>
#include <string.h>

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

void api_read_filter(lua_State *L, int index, const char *function, struct lua_query *q)
{
	int kept = lua_gettop(L);

	if (lua_isnoneornil(L, index))
		return;
	luaL_checktype(L, index, LUA_TTABLE);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		read_pair(L, function, q);
		api_append(L, kept);
	}
}
