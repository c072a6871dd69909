/* What an input becomes inside of a text: a scalar as itself, everything else as compact JSON. */
#include "pipeline/compose/interpolate.h"

#include "base/json.h"

static void add_json_scalar(struct arena *a, struct str *s, const struct node *v)
{
	enum scalar_type type = v->tag || v->style != STYLE_PLAIN ? SCALAR_TEXT : node_type(v);
	const char *text = type == SCALAR_INT || type == SCALAR_FLOAT ? node_value(v, a) : v->text;
	bool yes = false;

	if (type == SCALAR_NULL)
		str_adds(s, "null");
	else if (type == SCALAR_BOOL && node_bool(v, &yes))
		str_adds(s, yes ? "true" : "false");
	else if (type != SCALAR_TEXT && text)
		str_adds(s, text);
	else
		jsonw_quote(s, v->text, v->count);
}

/* Recursion is bounded by input_check, which refuses values that are nested too deeply. */
static void add_json(struct arena *a, struct str *s, const struct node *v)
{
	bool map = v->kind == NODE_MAP;

	if (v->kind == NODE_SCALAR) {
		add_json_scalar(a, s, v);
		return;
	}
	str_addc(s, map ? '{' : '[');
	for (uint32_t i = 0; i < v->count && !s->failed; i++) {
		if (i)
			str_addc(s, ',');
		if (map) {
			jsonw_quote(s, v->pairs[i].key->text, v->pairs[i].key->count);
			str_addc(s, ':');
		}
		add_json(a, s, map ? v->pairs[i].value : v->items[i]);
	}
	str_addc(s, map ? '}' : ']');
}

void interpolate_value(struct arena *a, struct str *s, const struct node *v)
{
	const char *text;
	bool yes;

	if (v->kind != NODE_SCALAR) {
		add_json(a, s, v);
	} else if (v->style == STYLE_PLAIN && node_type(v) == SCALAR_BOOL && node_bool(v, &yes)) {
		str_adds(s, yes ? "true" : "false");
	} else {
		text = node_value(v, a);
		if (text)
			str_adds(s, text);
		else
			s->failed = true;
	}
}
