/* Is a value what its input's declaration asks for: type, options, pattern, size. */
#include "pipeline/compose/inputs.h"

#include "pipeline/document/root.h"
#include "pipeline/rule/expression.h"
#include <string.h>

static bool is_string(const struct node *v)
{
	return v->kind == NODE_SCALAR && !v->tag && node_type(v) == SCALAR_TEXT;
}

static bool is_number(const struct node *v)
{
	return v->kind == NODE_SCALAR && !v->tag && (node_type(v) == SCALAR_INT || node_type(v) == SCALAR_FLOAT);
}

static bool is_boolean(const struct node *v)
{
	return v->kind == NODE_SCALAR && !v->tag && node_type(v) == SCALAR_BOOL;
}

static bool is_array(const struct node *v)
{
	return v->kind == NODE_LIST && !v->tag;
}

static const struct {
	const char *name, *phrase;
	bool (*is)(const struct node *v);
} types[] = {
	[INPUT_STRING] = { "string", "text", is_string },
	[INPUT_NUMBER] = { "number", "a number", is_number },
	[INPUT_BOOLEAN] = { "boolean", "true or false", is_boolean },
	[INPUT_ARRAY] = { "array", "a list", is_array },
};

const char *input_type_name(enum input_type type)
{
	return types[type].name;
}

bool input_type_parse(const char *text, enum input_type *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, text)) {
			*type = (enum input_type)i;
			return true;
		}
	return false;
}

/* Where the declaration stands, unless the value stands there too. */
static void point_at_declaration(struct inputs *in, const struct input *one, const struct node *value)
{
	if (one->at.source != value->at.source)
		diag_related(in->l->d, one->at, "\"%s\" is declared here", one->name);
}

static bool check_type(struct inputs *in, const struct input *one, const struct node *value, const char *what)
{
	if (types[one->type].is(value))
		return true;
	diag_error(in->l->d, value->at, "input-type", "%s of the input \"%s\" is %s where %s is wanted", what, one->name,
		   value->tag ? "tagged" : node_describe(value), types[one->type].phrase);
	if (one->type == INPUT_STRING && value->kind == NODE_SCALAR)
		diag_hint(in->l->d, "put it in quotes, or declare type: %s", is_boolean(value) ? "boolean" : "number");
	else if (is_string(value) && one->type != INPUT_ARRAY)
		diag_hint(in->l->d, "write it without quotes");
	point_at_declaration(in, one, value);
	return false;
}

static bool same_scalar(const struct node *a, const struct node *b, struct arena *arena)
{
	bool x, y;

	if (a->kind != NODE_SCALAR || b->kind != NODE_SCALAR || node_type(a) != node_type(b))
		return false;
	if (node_type(a) == SCALAR_BOOL)
		return node_bool(a, &x) && node_bool(b, &y) && x == y;
	if (node_type(a) == SCALAR_INT || node_type(a) == SCALAR_FLOAT) {
		const char *s = node_value(a, arena), *t = node_value(b, arena);
		return s && t && !strcmp(s, t);
	}
	return a->count == b->count && !memcmp(a->text, b->text, a->count);
}

static bool is_option(struct inputs *in, const struct input *one, const struct node *value)
{
	for (uint32_t i = 0; i < one->options->count; i++)
		if (same_scalar(one->options->items[i], value, in->l->arena))
			return true;
	return false;
}

/* "a", "b" or "c" */
static const char *options_text(struct inputs *in, const struct node *options)
{
	const char *text = "";

	for (uint32_t i = 0; i < options->count && i < 20 && text; i++)
		if (options->items[i]->kind == NODE_SCALAR)
			text = arena_printf(in->l->arena, "%s%s\"%s\"", text, i ? ", " : "", options->items[i]->text);
	return text ? text : "";
}

static bool check_option(struct inputs *in, const struct input *one, const struct node *value, const char *what)
{
	if (is_option(in, one, value))
		return true;
	diag_error(in->l->d, value->at, "input-option", "%s of the input \"%s\" is none of its options", what, one->name);
	diag_hint(in->l->d, "the options are %s", options_text(in, one->options));
	point_at_declaration(in, one, value);
	return false;
}

static bool check_options(struct inputs *in, const struct input *one, const struct node *value, const char *what)
{
	bool good = true;

	if (!one->options || one->options->kind != NODE_LIST)
		return true;
	if (value->kind != NODE_LIST)
		return check_option(in, one, value, what);
	for (uint32_t i = 0; i < value->count; i++)
		good = check_option(in, one, value->items[i], what) && good;
	return good;
}

static bool check_pattern(struct inputs *in, const struct input *one, const struct node *value, const char *what)
{
	const struct node *pattern = one->spec ? node_get(one->spec, "regex") : NULL;
	struct diagnostics *d = in->l->d;
	pipe_error err = { .code = PIPE_OK };
	struct regex *r;
	size_t start, end;
	int found;

	if (!pattern)
		return true;
	if (one->type != INPUT_STRING || pattern->kind != NODE_SCALAR) {
		diag_error(d, pattern->at, "input-spec", "\"regex\" is a pattern for an input of type string");
		return false;
	}
	r = regex_compile(NULL, pattern->text, pattern->count, "", &err);
	if (!r) {
		diag_error(d, pattern->at, "input-spec", "\"regex\" of the input \"%s\" is no pattern: %s", one->name, err.text);
		return false;
	}
	found = regex_search(r, value->text, value->count, in->l->options->limits.regex_steps, &start, &end);
	regex_free(r);
	if (found >= 0)
		return true;
	if (found == -1)
		diag_error(d, value->at, "input-pattern", "%s of the input \"%s\" does not match %s", what, one->name,
			   pattern->text);
	else
		diag_error(d, value->at, "input-pattern", "matching the input \"%s\" with %s takes too many steps", one->name,
			   pattern->text);
	point_at_declaration(in, one, value);
	return false;
}

static bool check_size(struct inputs *in, const struct input *one, const struct node *value)
{
	const pipe_limits *limits = &in->l->options->limits;

	if (value->kind != NODE_LIST || root_weight(value, limits->nodes, limits->depth) <= limits->nodes)
		return true;
	diag_error(in->l->d, value->at, "input-limit", "the value of the input \"%s\" is too large or nested too deeply",
		   one->name);
	return false;
}

bool input_check(struct inputs *in, const struct input *one, const struct node *value, const char *what)
{
	return check_type(in, one, value, what) && check_options(in, one, value, what) && check_pattern(in, one, value, what) &&
	       check_size(in, one, value);
}
