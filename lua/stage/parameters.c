/* The parameters that a stage type of a team's own takes: rows of the keyword table as any type of ours has them. */
#include "base/error.h"
#include "lua/stage/inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_MOST = 200, NAME_BYTES = 60 };

static const struct {
	const char *name;
	unsigned shape, items;
} parameter_types[] = {
	{ "any", TAKES_ANY, 0 },	   { "bool", TAKES_BOOL, 0 },	{ "duration", TAKES_DURATION | TAKES_EXPANDED, 0 },
	{ "enum", TAKES_ENUM, 0 },	   { "int", TAKES_INT, 0 },	{ "list", TAKES_TEXT | TAKES_LIST, TAKES_ANY },
	{ "map", TAKES_NAMED, TAKES_ANY }, { "text", TAKES_SCALAR, 0 },
};
static const char *const type_names[] = { "any", "bool", "duration", "enum", "int", "list", "map", "text", NULL };

static const char *const members[] = { "type", "help", "required", "default", "values", "example", "least", "most", NULL };

/* ---- defaults as nodes ---- */

/* depth is bounded by what value_to_json takes. */
static struct node *node_of(struct arena *a, struct mark at, const json_t *value)
{
	json_t *object = (json_t *)(uintptr_t)value; /* jansson iterates over what is not const */
	const char *text;
	struct node *n;

	if (json_is_array(value)) {
		n = node_list(a, at, (uint32_t)json_array_size(value));
		for (uint32_t i = 0; n && i < n->count; i++)
			if (!(n->items[i] = node_of(a, at, json_array_get(value, i))))
				return NULL;
		return n;
	}
	if (json_is_object(value)) {
		n = node_map(a, at, (uint32_t)json_object_size(value));
		for (void *i = json_object_iter(object); n && i; i = json_object_iter_next(object, i)) {
			const char *key = arena_strdup(a, json_object_iter_key(i));
			struct node *name = key ? node_scalar(a, at, key, strlen(key)) : NULL;
			struct node *item = node_of(a, at, json_object_iter_value(i));

			if (!name || !item || !node_add(n, a, name, item))
				return NULL;
		}
		return n;
	}
	text = json_is_null(value) ? "null" : value_scalar(a, value);
	n = text ? node_scalar(a, at, text, strlen(text)) : NULL;
	if (n)
		n->style = json_is_string(value) ? STYLE_QUOTED : STYLE_PLAIN;
	return n;
}

static bool add_default(struct lua_type *type, struct keyword *row, const json_t *value, struct mark at, struct diagnostics *d,
			struct reading_value *r)
{
	struct stage_default *slot = vec_push(r->arena, &type->defaults);
	char *words;
	uint32_t errors = d->errors;

	if (!slot)
		return value_nomem(r);
	slot->key = node_scalar(r->arena, at, row->name, strlen(row->name));
	slot->value = node_of(r->arena, at, value);
	words = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	row->fallback = words ? arena_strdup(r->arena, words) : value_scalar(r->arena, value);
	free(words);
	if (!slot->key || !slot->value || !row->fallback)
		return value_nomem(r);
	keyword_check(row, slot->value, d, NULL);
	if (d->errors > errors)
		return value_wrong(r, "parameters.%s.default is not what the parameter takes", row->name);
	return true;
}

/* ---- rows ---- */

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > NAME_BYTES || !isalpha((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static bool read_type(struct reading_value *r, struct keyword *row, const json_t *from, const char *what)
{
	const char *name = json_object_get(from, "values") ? "enum" : "text";

	if (!value_text(r, from, what, "type", &name))
		return false;
	for (size_t i = 0; i < sizeof(parameter_types) / sizeof(*parameter_types); i++) {
		if (strcmp(parameter_types[i].name, name))
			continue;
		row->shape = parameter_types[i].shape;
		row->items = parameter_types[i].items;
		return true;
	}
	return value_wrong(r, "%s.type: there is no type \"%.60s\"%s (text, bool, int, duration, enum, list, map, any)", what,
			   name, value_nearest(r->arena, name, type_names));
}

static bool read_bound(struct reading_value *r, const json_t *from, const char *what, const char *name, int *out)
{
	const json_t *value = json_object_get(from, name);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < -1000000000 || json_integer_value(value) > 1000000000)
		return value_wrong(r, "%s.%s must be a whole number", what, name);
	*out = (int)json_integer_value(value);
	return true;
}

static bool read_row(struct lua_type *type, struct keyword *row, const json_t *from, struct mark at, struct diagnostics *d,
		     struct reading_value *r)
{
	const json_t *fallback = json_object_get(from, "default");
	const char *what = arena_printf(r->arena, "parameters.%s", row->name);

	if (!what)
		return value_nomem(r);
	if (!value_is_table(from))
		return value_wrong(r, "%s must be a table ({ type = \"text\", help = \"...\" }); it is %s", what,
				   value_describe(from));
	row->where = IN_NESTED;
	row->since = "0.1";
	row->help = "";
	if (!value_members(r, from, what, members) || !read_type(r, row, from, what) ||
	    !value_text(r, from, what, "help", &row->help) || !value_text(r, from, what, "example", &row->example) ||
	    !value_bool(r, from, what, "required", &row->required) || !value_texts(r, from, what, "values", &row->values) ||
	    !read_bound(r, from, what, "least", &row->least) || !read_bound(r, from, what, "most", &row->most))
		return false;
	if ((row->shape == TAKES_ENUM) != (row->values != NULL))
		return value_wrong(r, row->values ? "%s: only an enum has values" : "%s: an enum needs values ({ \"a\", \"b\" })",
				   what);
	if (row->values && !row->values[0])
		return value_wrong(r, "%s.values is empty", what);
	if (!fallback || json_is_null(fallback))
		return true;
	if (row->required)
		return value_wrong(r, "%s is required: a default would never be used", what);
	return add_default(type, row, fallback, at, d, r);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct keyword *)a)->name, ((const struct keyword *)b)->name);
}

bool stage_parameters(struct lua_type *type, const json_t *parameters, struct mark at, struct diagnostics *d,
		      struct reading_value *r)
{
	json_t *object = (json_t *)(uintptr_t)parameters;
	size_t count = json_object_size(parameters), n = 0;
	struct keyword *rows = ARENA_ARRAY(r->arena, struct keyword, count + 1);

	if (!rows)
		return value_nomem(r);
	type->type.uses.parameters = rows;
	if (parameters && !value_is_table(parameters))
		return value_wrong(r, "parameters must be a table of names; it is %s", value_describe(parameters));
	if (count > PARAMETERS_MOST)
		return value_wrong(r, "more than %d parameters", (int)PARAMETERS_MOST);
	for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i), n++) {
		rows[n].name = arena_strdup(r->arena, json_object_iter_key(i));
		if (!rows[n].name)
			return value_nomem(r);
		if (!is_name(rows[n].name))
			return value_wrong(r, "parameters: \"%.60s\" is not a name (letters, digits and \"_\")", rows[n].name);
		if (!read_row(type, &rows[n], json_object_iter_value(i), at, d, r))
			return false;
	}
	if (n)
		qsort(rows, n, sizeof(*rows), by_name);
	return true;
}

/* ---- tools ---- */

bool stage_tools(struct lua_type *type, const json_t *tools, struct reading_value *r)
{
	static const char *const tool_members[] = { "name", "package", "version", NULL };

	if (tools && !json_is_array(tools))
		return value_wrong(r, "tools must be a list ({ { name = \"shellcheck\", package = \"shellcheck\" } })");
	for (size_t i = 0; i < json_array_size(tools); i++) {
		const json_t *one = json_array_get(tools, i);
		const char *what = arena_printf(r->arena, "tools[%zu]", i + 1);
		struct stage_tool *tool = what ? vec_push(r->arena, &type->tools) : NULL;

		if (!tool)
			return value_nomem(r);
		if (json_is_string(one)) {
			tool->name = value_scalar(r->arena, one);
		} else if (!value_is_table(one)) {
			return value_wrong(r, "%s must be a table with a name; it is %s", what, value_describe(one));
		} else if (!value_members(r, one, what, tool_members) || !value_text(r, one, what, "name", &tool->name) ||
			   !value_text(r, one, what, "package", &tool->package) ||
			   !value_text(r, one, what, "version", &tool->version)) {
			return false;
		}
		if (!tool->name || !*tool->name)
			return value_wrong(r, "%s has no name", what);
	}
	return true;
}
