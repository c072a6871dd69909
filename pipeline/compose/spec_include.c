/*
 * `spec:include` (https://docs.gitlab.com/ci/inputs/): declarations of inputs that stand in files of their own, each a map with
 * nothing but `inputs`.  Of several declarations of one input the later file's counts, and the header's own over all of them.
 */
#include "pipeline/compose/include.h"

#include "pipeline/document/root.h"
#include <string.h>

struct gathering {
	struct loading *l;
	struct node *inputs; /* what is declared so far; our own */
};

static bool refuse(struct gathering *g, struct mark at, const char *what)
{
	diag_error(g->l->d, at, "input-spec", "%s", what);
	diag_hint(g->l->d, "such a file is a map with \"inputs\" in it and nothing else");
	return false;
}

/* Replaces, one input at a time: a declaration is whole. */
static bool declare_over(struct gathering *g, const struct node *inputs)
{
	for (uint32_t i = 0; i < inputs->count; i++) {
		if (!loading_nodes(g->l, inputs->at, g->inputs->count))
			return false;
		if (!node_set(g->inputs, g->l->arena, inputs->pairs[i].key, inputs->pairs[i].value)) {
			g->l->d->nomem = true;
			return false;
		}
	}
	return true;
}

static bool take_content(struct gathering *g, const struct node *content)
{
	const struct node *inputs;

	if (content->kind != NODE_MAP)
		return refuse(g, content->at, "this file of inputs is not a map");
	for (uint32_t i = 0; i < content->count; i++)
		if (!node_equals(content->pairs[i].key, "inputs"))
			return refuse(g, content->pairs[i].key->at, "a file of inputs declares inputs only");
	inputs = node_get(content, "inputs");
	if (node_is_null(inputs))
		return true;
	return inputs->kind == NODE_MAP ? declare_over(g, inputs) : refuse(g, inputs->at, "\"inputs\" is a map of inputs");
}

static bool take_file(void *context, struct include_file *f)
{
	struct gathering *g = context;
	struct include_documents docs = { NULL, NULL, MARK_NONE };

	if (!include_parse(g->l, f, &docs))
		return false;
	if (docs.header)
		return refuse(g, docs.header->at, "a file of inputs has no header");
	return docs.content ? take_content(g, docs.content) : refuse(g, docs.start, "this file of inputs is empty");
}

/* What a pipeline's include may say beside the place, and one of inputs may not. */
static bool is_plain(struct loading *l, const struct node *n, const struct include_item *item)
{
	bool known = !item->lua && (item->kind == INCLUDE_LOCAL || item->kind == INCLUDE_REMOTE || item->kind == INCLUDE_PROJECT);

	if (known && !item->rules && !item->values)
		return true;
	diag_error(l->d, n->at, "input-spec", "a header includes files of inputs, without rules and without values for them");
	diag_hint(l->d, "it takes local, remote with integrity, and project with file and ref");
	return false;
}

static bool gather_one(struct gathering *g, struct include_file *f, const struct node *n)
{
	const struct scope none = { .count = 0 };
	const struct scope *scope = g->l->options->variables ? g->l->options->variables : &none;
	struct include_item item;

	if (node_is_null(n))
		return true;
	return include_item_parse(&item, g->l, n, scope) && is_plain(g->l, n, &item) &&
	       include_fetch(g->l, f, &item, scope, take_file, g);
}

static bool gather(struct gathering *g, struct include_file *f, const struct node *include)
{
	const bool list = include->kind == NODE_LIST && !include->tag;
	bool good = true;

	if (!g->l->options->world) {
		diag_error(g->l->d, include->at, "include-failed", "nothing can be included here");
		return false;
	}
	for (uint32_t i = 0; i < (list ? include->count : 1); i++)
		good = gather_one(g, f, list ? include->items[i] : include) && good;
	return good;
}

/* The header with these inputs and without `include`. */
static struct node *put_back(struct arena *a, const struct node *header, struct node *spec, struct node *inputs)
{
	struct node *out = root_copy(a, header, 0), *key = node_scalar(a, inputs->at, "inputs", strlen("inputs"));
	struct node *copy = root_without(a, spec, "include");

	copy = copy ? root_copy(a, copy, 1) : NULL;
	if (!out || !key || !copy || !node_set(copy, a, key, inputs))
		return NULL;
	node_pair(out, "spec")->value = copy;
	return out;
}

bool spec_include(struct loading *l, struct include_file *f, struct node **header)
{
	struct node *spec = *header ? node_get(*header, "spec") : NULL;
	const struct node *include = spec && spec->kind == NODE_MAP ? node_get(spec, "include") : NULL;
	struct gathering g = { .l = l };
	const struct node *own;

	if (!include)
		return true;
	g.inputs = node_map(l->arena, include->at, 0);
	if (!g.inputs) {
		l->d->nomem = true;
		return false;
	}
	if (!gather(&g, f, include))
		return false;
	own = node_get(spec, "inputs");
	if (own && own->kind != NODE_MAP && !node_is_null(own))
		return true; /* who reads the declarations says so */
	if (own && own->kind == NODE_MAP && !declare_over(&g, own))
		return false;
	*header = put_back(l->arena, *header, spec, g.inputs);
	l->d->nomem |= !*header;
	return *header != NULL;
}
