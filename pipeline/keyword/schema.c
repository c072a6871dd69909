/*
 * The keyword table as a JSON Schema, for editors.  It describes one file before it is merged with others, so it asks for no
 * keyword (a job may get its script through `extends`) and takes, wherever a value stands: null, a !reference (to a JSON Schema
 * a list of text) and an $[[ input ]].
 */
#include "base/json.h"
#include "pipeline/keyword/keyword_fields.h"
#include "pipeline/keyword/uses.h"

#include <string.h>

static void value(struct json *j, const struct keyword *k, unsigned shape, bool item);

/* ---- small pieces ---- */

static void typed(struct json *j, const char *type)
{
	jsonw_object(j);
	jsonw_kstring(j, "type", type);
	jsonw_object_end(j);
}

static void reference(struct json *j, const char *definition)
{
	struct str path;

	str_init(&path);
	str_printf(&path, "#/$defs/%s", definition);
	jsonw_object(j);
	jsonw_kstring(j, "$ref", path.data);
	jsonw_object_end(j);
	j->out->failed |= path.failed;
	str_clear(&path);
}

static void pattern(struct json *j, const char *regex)
{
	jsonw_object(j);
	jsonw_kstring(j, "type", "string");
	jsonw_kstring(j, "pattern", regex);
	jsonw_object_end(j);
}

static void scalar(struct json *j)
{
	jsonw_object(j);
	jsonw_key(j, "type");
	jsonw_array(j);
	jsonw_string(j, "string");
	jsonw_string(j, "number");
	jsonw_string(j, "boolean");
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void any_of(struct json *j)
{
	jsonw_key(j, "anyOf");
	jsonw_array(j);
	reference(j, "late");
}

/* ---- shapes ---- */

static void text_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	typed(j, "string");
}

static void bool_shape(struct json *j, const struct keyword *k)
{
	static const char *const spellings[] = { "yes", "no", "on", "off" };

	(void)k;
	typed(j, "boolean");
	jsonw_object(j);
	jsonw_key(j, "enum");
	jsonw_array(j);
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++)
		jsonw_string(j, spellings[i]);
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void int_shape(struct json *j, const struct keyword *k)
{
	jsonw_object(j);
	jsonw_kstring(j, "type", "integer");
	if (k->least || k->most)
		jsonw_kint(j, "minimum", k->least);
	if (k->most)
		jsonw_kint(j, "maximum", k->most);
	jsonw_object_end(j);
}

static void enum_shape(struct json *j, const struct keyword *k)
{
	jsonw_object(j);
	jsonw_key(j, "enum");
	jsonw_array(j);
	for (unsigned i = 0; k->values && k->values[i]; i++)
		jsonw_string(j, k->values[i]);
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void expanded_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	pattern(j, "\\$");
}

static void scalar_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	scalar(j);
}

static void script_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	reference(j, "script");
}

static void variables_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	reference(j, "variables");
}

static void any_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	jsonw_object(j);
	jsonw_object_end(j);
}

static void list_shape(struct json *j, const struct keyword *k)
{
	jsonw_object(j);
	jsonw_kstring(j, "type", "array");
	jsonw_key(j, "items");
	value(j, k, k->items | TAKES_LIST, true);
	if (!(k->shape & TAKES_INT) && k->least)
		jsonw_kint(j, "minItems", k->least);
	if (!(k->shape & TAKES_INT) && k->most)
		jsonw_kint(j, "maxItems", k->most);
	jsonw_object_end(j);
}

static void property_rows(struct json *j, const struct keyword *rows, unsigned where)
{
	for (const struct keyword *k = rows; k->name; k++) {
		if (!(k->where & where))
			continue;
		jsonw_key(j, k->name);
		if (rows == keywords)
			reference(j, k->name);
		else
			value(j, k, k->shape, false);
	}
}

static void properties(struct json *j, const struct keyword *rows, unsigned where)
{
	jsonw_key(j, "properties");
	jsonw_object(j);
	property_rows(j, rows, where);
	jsonw_object_end(j);
}

static void map_shape(struct json *j, const struct keyword *k)
{
	jsonw_object(j);
	jsonw_kstring(j, "type", "object");
	if (k->fields) {
		properties(j, k->fields, k->fields == keywords ? IN_DEFAULT : IN_NESTED);
		jsonw_kbool(j, "additionalProperties", false);
	}
	jsonw_object_end(j);
}

static void named_shape(struct json *j, const struct keyword *k)
{
	jsonw_object(j);
	jsonw_kstring(j, "type", "object");
	jsonw_key(j, "additionalProperties");
	value(j, k, k->items, true);
	jsonw_object_end(j);
}

static void axes_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	jsonw_object(j);
	jsonw_kstring(j, "type", "object");
	jsonw_key(j, "additionalProperties");
	jsonw_object(j);
	any_of(j);
	scalar(j);
	typed(j, "array");
	jsonw_array_end(j);
	jsonw_object_end(j);
	jsonw_object_end(j);
}

/* A text, or a map with `lua` or `file` and what the row adds to them. */
static void lua_shape(struct json *j, const struct keyword *k)
{
	typed(j, "string");
	jsonw_object(j);
	jsonw_kstring(j, "type", "object");
	jsonw_key(j, "properties");
	jsonw_object(j);
	property_rows(j, fields_lua_text, IN_NESTED);
	if (k->fields)
		property_rows(j, k->fields, IN_NESTED);
	jsonw_object_end(j);
	jsonw_kbool(j, "additionalProperties", false);
	jsonw_object_end(j);
}

static void size_shape(struct json *j, const struct keyword *k)
{
	(void)k;
	typed(j, "integer");
	typed(j, "string");
}

static const struct {
	unsigned shape;
	void (*write)(struct json *j, const struct keyword *k);
} shapes[] = {
	{ TAKES_TEXT, text_shape },
	{ TAKES_SCALAR, scalar_shape },
	{ TAKES_BOOL, bool_shape },
	{ TAKES_INT, int_shape },
	{ TAKES_DURATION, text_shape },
	{ TAKES_ENUM, enum_shape },
	{ TAKES_EXPANDED, expanded_shape },
	{ TAKES_SCRIPT, script_shape },
	{ TAKES_LIST, list_shape },
	{ TAKES_MAP, map_shape },
	{ TAKES_VARIABLES, variables_shape },
	{ TAKES_NAMED, named_shape },
	{ TAKES_AXES, axes_shape },
	{ TAKES_ANY, any_shape },
	{ TAKES_LUA, lua_shape },
	{ TAKES_SIZE, size_shape },
};

/* Anything that a row takes.  An item of a list may be a list itself, of which no more is said. */
static void value(struct json *j, const struct keyword *k, unsigned shape, bool item)
{
	jsonw_object(j);
	if (!item)
		jsonw_kstring(j, "description", k->help);
	any_of(j);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (!(shape & shapes[i].shape))
			continue;
		if (item && shapes[i].shape == TAKES_LIST)
			typed(j, "array");
		else
			shapes[i].write(j, k);
	}
	jsonw_array_end(j);
	jsonw_object_end(j);
}

/* ---- definitions ---- */

static void define_late(struct json *j)
{
	jsonw_key(j, "late");
	jsonw_object(j);
	jsonw_key(j, "anyOf");
	jsonw_array(j);
	typed(j, "null");
	jsonw_object(j);
	jsonw_kstring(j, "type", "array");
	jsonw_kint(j, "minItems", 1);
	jsonw_key(j, "items");
	typed(j, "string");
	jsonw_object_end(j);
	pattern(j, "\\$\\[\\[");
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void define_script(struct json *j)
{
	jsonw_key(j, "script");
	jsonw_object(j);
	jsonw_key(j, "anyOf");
	jsonw_array(j);
	typed(j, "null");
	scalar(j);
	jsonw_object(j);
	jsonw_kstring(j, "type", "array");
	jsonw_key(j, "items");
	reference(j, "script");
	jsonw_object_end(j);
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void define_variables(struct json *j)
{
	struct keyword one = { .name = "variable", .shape = TAKES_MAP, .fields = fields_variable };

	jsonw_key(j, "variables");
	jsonw_object(j);
	any_of(j);
	jsonw_object(j);
	jsonw_kstring(j, "type", "object");
	jsonw_key(j, "additionalProperties");
	jsonw_object(j);
	any_of(j);
	scalar(j);
	map_shape(j, &one);
	jsonw_array_end(j);
	jsonw_object_end(j);
	jsonw_object_end(j);
	jsonw_array_end(j);
	jsonw_object_end(j);
}

/* ---- types of stages ---- */

/* Of the parameters of one type; no keyword has a `-` in its name. */
static void with_name(struct str *out, const struct uses_type *type)
{
	str_reset(out);
	str_printf(out, "with-%s", type->name);
}

static void define_uses(struct json *j, const struct uses_types *types)
{
	jsonw_key(j, "uses");
	jsonw_object(j);
	jsonw_kstring(j, "description", keyword_by_path("uses")->help);
	any_of(j);
	jsonw_object(j);
	jsonw_key(j, "enum");
	jsonw_array(j);
	for (size_t i = 0; types->list[i]; i++)
		jsonw_string(j, types->list[i]->name);
	jsonw_array_end(j);
	jsonw_object_end(j);
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void define_parameters(struct json *j, const struct uses_types *types)
{
	struct str name;

	str_init(&name);
	for (size_t i = 0; types && types->list[i]; i++) {
		const struct uses_type *type = types->list[i];
		struct keyword row = { .help = type->help, .shape = TAKES_MAP, .fields = type->parameters };
		with_name(&name, type);
		jsonw_key(j, name.data);
		value(j, &row, row.shape, false);
	}
	j->out->failed |= name.failed;
	str_clear(&name);
}

/* {"if": {"required": ["uses"], "properties": {"uses": {"const": "build"}}}, "then": ...} */
static void if_uses(struct json *j, const struct uses_type *type)
{
	struct str name;

	str_init(&name);
	with_name(&name, type);
	jsonw_object(j);
	jsonw_key(j, "if");
	jsonw_object(j);
	jsonw_key(j, "required");
	jsonw_array(j);
	jsonw_string(j, "uses");
	jsonw_array_end(j);
	jsonw_key(j, "properties");
	jsonw_object(j);
	jsonw_key(j, "uses");
	jsonw_object(j);
	jsonw_kstring(j, "const", type->name);
	jsonw_object_end(j);
	jsonw_object_end(j);
	jsonw_object_end(j);
	jsonw_key(j, "then");
	jsonw_object(j);
	jsonw_key(j, "properties");
	jsonw_object(j);
	jsonw_key(j, "with");
	reference(j, name.data);
	jsonw_object_end(j);
	jsonw_object_end(j);
	jsonw_object_end(j);
	j->out->failed |= name.failed;
	str_clear(&name);
}

static void with_by_uses(struct json *j, const struct uses_types *types)
{
	if (!types || !types->list[0])
		return;
	jsonw_key(j, "allOf");
	jsonw_array(j);
	for (size_t i = 0; types->list[i]; i++)
		if_uses(j, types->list[i]);
	jsonw_array_end(j);
}

static void define_job(struct json *j, const struct uses_types *types)
{
	jsonw_key(j, "job");
	jsonw_object(j);
	jsonw_kstring(j, "description", "a job");
	jsonw_kstring(j, "type", "object");
	properties(j, keywords, IN_JOB);
	jsonw_kbool(j, "additionalProperties", false);
	with_by_uses(j, types);
	jsonw_object_end(j);
}

/* The row `script` takes what the piece "script" says, and so does `variables`: those names are the pieces'. */
static bool is_piece(const struct keyword *k)
{
	return !strcmp(k->name, "script") || !strcmp(k->name, "variables");
}

static void definitions(struct json *j, const struct uses_types *types)
{
	jsonw_key(j, "$defs");
	jsonw_object(j);
	define_late(j);
	define_script(j);
	define_variables(j);
	define_job(j, types);
	define_parameters(j, types);
	for (const struct keyword *k = keywords; k->name; k++) {
		if (is_piece(k))
			continue;
		if (k->id == KEYWORD_USES && types) {
			define_uses(j, types);
			continue;
		}
		jsonw_key(j, k->name);
		value(j, k, k->shape, false);
	}
	jsonw_object_end(j);
}

void keyword_schema(const struct uses_types *types, struct str *out)
{
	struct json j;

	jsonw_init(&j, out, false);
	jsonw_object(&j);
	jsonw_kstring(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	jsonw_kstring(&j, "title", "pipeline file");
	jsonw_kstring(&j, "description", "a pipeline of pipe " PIPE_VERSION ", in the language of GitLab CI/CD");
	jsonw_kstring(&j, "type", "object");
	properties(&j, keywords, IN_GLOBAL);
	jsonw_key(&j, "patternProperties");
	jsonw_object(&j);
	jsonw_key(&j, "^\\.");
	jsonw_object(&j);
	jsonw_kstring(&j, "description", "a hidden job: a template for others, of any form");
	jsonw_object_end(&j);
	jsonw_object_end(&j);
	jsonw_key(&j, "additionalProperties");
	reference(&j, "job");
	definitions(&j, types);
	jsonw_object_end(&j);
	str_addc(out, '\n');
}
