/*
 * The header of a pipeline file (https://docs.gitlab.com/ci/inputs/): which inputs there are, and which values they have: from the
 * command line first, then from the include (or a trigger), then the default.
 */
#include "pipeline/compose/inputs.h"

#include "base/suggest.h"
#include "pipeline/document/root.h"
#include <string.h>

static const char *const spec_keys[] = { "inputs", "include", "component", "description", NULL };
static const char *const input_keys[] = { "type", "default", "description", "options", "regex", "rules", NULL };

static bool check_keys(struct inputs *in, const struct node *map, const char *const *known, const char *where)
{
	bool good = true;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		struct suggest s;
		size_t k = 0;

		while (known[k] && strcmp(known[k], key->text))
			k++;
		if (known[k])
			continue;
		good = false;
		diag_error(in->l->d, key->at, "input-spec", "\"%s\" means nothing in %s", key->text, where);
		suggest_init(&s, key->text);
		for (k = 0; known[k]; k++)
			suggest_offer(&s, known[k]);
		if (s.best)
			diag_hint(in->l->d, "did you mean \"%s\"?", s.best);
	}
	return good;
}

const struct input *inputs_find(const struct inputs *in, const char *name, size_t length)
{
	uintptr_t i = (uintptr_t)map_get(&in->by_name, name, length);

	return i ? &in->list.items[i - 1] : NULL;
}

void inputs_suggest(const struct inputs *in, const char *wanted)
{
	struct suggest s;

	suggest_init(&s, wanted);
	for (uint32_t i = 0; i < in->list.count; i++)
		suggest_offer(&s, in->list.items[i].name);
	if (s.best)
		diag_hint(in->l->d, "did you mean \"%s\"?", s.best);
	else if (!in->list.count)
		diag_hint(in->l->d, "declare it in a header: spec: inputs: %s:, then a line ---", wanted);
}

/* ---- declarations ---- */

static bool declare_type(struct inputs *in, struct input *one, const struct node *type)
{
	if (!type)
		return true;
	if (type->kind == NODE_SCALAR && input_type_parse(type->text, &one->type))
		return true;
	diag_error(in->l->d, type->at, "input-spec", "the input \"%s\" has a type that does not exist", one->name);
	diag_hint(in->l->d, "the types are string, number, boolean and array");
	return false;
}

static bool declare_options(struct inputs *in, struct input *one, const struct node *options)
{
	if (!options)
		return true;
	one->options = options;
	if (options->kind == NODE_LIST && !options->tag)
		return true;
	diag_error(in->l->d, options->at, "input-spec", "\"options\" of the input \"%s\" is a list of values, not %s", one->name,
		   node_describe(options));
	return false;
}

static bool declare_map(struct inputs *in, struct input *one, const struct node *spec)
{
	bool good = check_keys(in, spec, input_keys, "the declaration of an input");
	struct node *fallback = node_get(spec, "default");

	one->spec = spec;
	good = declare_type(in, one, node_get(spec, "type")) && good;
	good = declare_options(in, one, node_get(spec, "options")) && good;
	one->fallback = fallback;
	if (good && fallback && !node_is_null(fallback))
		good = input_check(in, one, fallback, "the default");
	return good;
}

static bool declare(struct inputs *in, const struct pair *p)
{
	struct input *one = vec_push(in->l->arena, &in->list);
	const char **name = vec_push(in->l->arena, &in->l->declared);

	if (!one || !name ||
	    !map_put(&in->by_name, in->l->arena, p->key->text, p->key->count, (void *)(uintptr_t)in->list.count)) {
		in->l->d->nomem = true;
		return false;
	}
	*name = one->name = p->key->text;
	one->at = p->key->at;
	if (node_is_null(p->value))
		return true;
	if (p->value->kind == NODE_MAP)
		return declare_map(in, one, p->value);
	diag_error(in->l->d, p->value->at, "input-spec", "the declaration of an input is a map, not %s", node_describe(p->value));
	diag_hint(in->l->d, "write %s: {default: ...}, or %s: with nothing behind it", one->name, one->name);
	return false;
}

/* A wrong declaration does not keep the others from being looked at. */
static bool declare_all(struct inputs *in, const struct node *header)
{
	const struct node *spec = node_get(header, "spec");
	const struct node *all;
	bool good = true;

	for (uint32_t i = 0; i < header->count; i++) {
		if (node_equals(header->pairs[i].key, "spec"))
			continue;
		diag_error(in->l->d, header->pairs[i].key->at, "input-spec", "the header may hold nothing but \"spec\"");
		diag_hint(in->l->d, "end the header with a line --- in front of \"%s\"", header->pairs[i].key->text);
		good = false;
	}
	if (node_is_null(spec))
		return good;
	if (spec->kind != NODE_MAP) {
		diag_error(in->l->d, spec->at, "input-spec", "\"spec\" is a map, not %s", node_describe(spec));
		return false;
	}
	good = check_keys(in, spec, spec_keys, "\"spec\"") && good;
	all = node_get(spec, "inputs");
	if (!all || node_is_null(all))
		return good;
	if (all->kind != NODE_MAP) {
		diag_error(in->l->d, all->at, "input-spec", "\"spec:inputs\" is a map of inputs, not %s", node_describe(all));
		return false;
	}
	for (uint32_t i = 0; i < all->count; i++)
		good = declare(in, &all->pairs[i]) && good;
	return good;
}

/* ---- values ---- */

static bool check_given_names(struct inputs *in, const struct node *header)
{
	const struct node *values = in->giver->values;
	bool good = true;

	if (!values)
		return true;
	if (!header) {
		diag_error(in->l->d, values->at, "inputs-without-spec", "inputs are given to a file that declares none");
		diag_hint(in->l->d, "a file that takes inputs begins with a header: spec: inputs: ..., then a line ---");
		return false;
	}
	for (uint32_t i = 0; i < values->count; i++) {
		const struct node *key = values->pairs[i].key;
		if (inputs_find(in, key->text, key->count))
			continue;
		diag_error(in->l->d, key->at, "input-unknown", "the file declares no input \"%s\"", key->text);
		inputs_suggest(in, key->text);
		good = false;
	}
	return good;
}

/* The value of the command line: one for this very file wins over one for any, a later one over an earlier one.  What the pipeline
 * file itself declares is its own, also when a file that it includes has an input of the same name. */
static struct given_input *from_command_line(const struct inputs *in, const struct input *one)
{
	const char *target = in->giver->target;
	struct given_input *best = NULL;

	for (uint32_t i = 0; i < in->l->given.count; i++) {
		struct given_input *g = &in->l->given.items[i];
		if (strcmp(g->name, one->name) || (g->target && (!target || strcmp(g->target, target))) || (g->own && target))
			continue;
		g->used = true;
		g->own = !target;
		if (!best || g->target || !best->target)
			best = g;
	}
	return best;
}

static bool missing(struct inputs *in, const struct input *one)
{
	struct mark at = in->giver->values ? in->giver->values->at : in->giver->at;

	if (in->misnamed)
		return false; /* what was given under a wrong name may be its value */
	diag_error(in->l->d, at.line ? at : one->at, "input-missing", "the input \"%s\" has no value", one->name);
	if (in->giver->target)
		diag_hint(in->l->d, "give it with the include: inputs: {%s: ...}", one->name);
	else
		diag_hint(in->l->d, "give it with --input %s=VALUE, or declare a default", one->name);
	if (at.line)
		diag_related(in->l->d, one->at, "it is declared here");
	return false;
}

static bool bind_value(struct inputs *in, struct input *one)
{
	struct node *value = in->giver->values ? node_get(in->giver->values, one->name) : NULL;
	struct given_input *given = from_command_line(in, one);

	if (given) {
		one->value = input_given(in, one, given);
		return one->value && input_check(in, one, one->value, "the value");
	}
	if (value && !node_is_null(value)) {
		one->value = value;
		return input_check(in, one, value, "the value");
	}
	one->value = one->fallback;
	if (!one->value)
		return missing(in, one);
	/* A default of a rule was not looked at with the declaration. */
	return node_is_null(one->value) || input_check(in, one, one->value, "the default");
}

/* Inputs with rules look at the others, so they come last. */
static bool bind_all(struct inputs *in)
{
	bool good = true;

	for (int with_rules = 0; with_rules < 2; with_rules++)
		for (uint32_t i = 0; i < in->list.count; i++) {
			struct input *one = &in->list.items[i];
			const struct node *rules = one->spec ? node_get(one->spec, "rules") : NULL;

			if ((rules != NULL) != with_rules)
				continue;
			if (rules && !input_apply_rules(in, one, rules))
				good = false;
			else
				good = bind_value(in, one) && good;
		}
	return good;
}

bool inputs_bind(struct inputs *in, struct loading *l, const struct node *header, const struct input_giver *giver)
{
	bool good;

	memset(in, 0, sizeof(*in));
	in->l = l;
	in->giver = giver;
	if (!header)
		return check_given_names(in, NULL);
	good = declare_all(in, header);
	if (l->d->nomem)
		return false;
	in->misnamed = !check_given_names(in, header);
	return good && bind_all(in) && !in->misnamed;
}

struct node *input_given(struct inputs *in, const struct input *one, const struct given_input *given)
{
	struct loading *l = in->l;
	const char *name = arena_printf(l->arena, "--input %s", given->name);
	struct source source = { .name = name, .text = given->value, .length = strlen(given->value) };
	struct node *value = NULL;
	int index;

	index = name ? sources_add(l->d->sources, l->arena, source) : -1;
	if (index < 0) {
		l->d->nomem = true;
		return NULL;
	}
	if (one->type == INPUT_STRING)
		return root_text(l->arena, (struct mark){ 1, 1, (uint16_t)index }, given->value, source.length);
	if (document_parse(&value, 1, l->arena, (uint16_t)index, &l->options->limits, l->d) < 1)
		return NULL;
	return value;
}
