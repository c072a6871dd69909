/*
 * YAML as a tree: pipeline/document reads it, with its limits on depth, size and aliases.  Scalars keep the text as it is written, so
 * that a version 1.10 stays one.
 */
#include "base/error.h"
#include "pipeline/document/document.h"
#include "stages/scanner/syntax/tree.h"

#include <string.h>

enum { YAML_DEPTH = 100 };

static bool convert(struct tree_value *out, const struct node *n, struct arena *a)
{
	struct tree_value *slot;
	bool twice;

	out->line = out->end = n->at.line;
	if (n->kind == NODE_SCALAR) {
		out->kind = TREE_TEXT;
		if (node_is_null(n))
			out->kind = TREE_NULL;
		else if (n->style == STYLE_PLAIN && node_type(n) == SCALAR_BOOL && node_bool(n, &out->truth))
			out->kind = TREE_BOOL;
		out->text = n->text;
		out->count = n->count;
		return true;
	}
	out->kind = n->kind == NODE_LIST ? TREE_LIST : TREE_MAP;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct node *value = n->kind == NODE_LIST ? n->items[i] : n->pairs[i].value;

		if (n->kind == NODE_LIST)
			slot = tree_push(a, out);
		else
			slot = tree_put(a, out, n->pairs[i].key->text, n->pairs[i].key->count, n->pairs[i].key->at.line, &twice);
		if (!slot || !convert(slot, value, a))
			return false;
		out->end = slot->end;
	}
	return true;
}

/* The first error; a key that stands twice is one here. */
static const struct diagnostic *wrong(struct diagnostics *d, int documents)
{
	for (uint32_t i = 0; i < d->list.count; i++) {
		const struct diagnostic *one = &d->list.items[i];

		if (one->severity == PIPE_ERROR || documents < 0 || strstr(one->code, "duplicate"))
			return one;
	}
	return NULL;
}

int tree_yaml(struct tree_value *out, const struct tree_source *source, struct arena *a, pipe_error *err)
{
	pipe_limits limits = { .file_bytes = UINT32_MAX, .total_bytes = UINT32_MAX, .depth = YAML_DEPTH, .nodes = TREE_VALUES };
	struct sources sources = { 0 };
	struct diagnostics d;
	struct node *root = NULL;
	const struct diagnostic *one;
	char *text = arena_text(a, source->length + 1);
	int at, documents;

	*out = (struct tree_value){ .kind = TREE_MAP, .line = 1, .end = 1 };
	if (!text)
		return error_nomem(err);
	memcpy(text, source->bytes, source->length);
	text[source->length] = '\0';
	at = sources_add(&sources, a, (struct source){ .name = source->path, .text = text, .length = source->length });
	if (at < 0)
		return error_nomem(err);
	limits_default(&limits);
	diagnostics_init(&d, a, &sources);
	documents = document_parse(&root, 1, a, (uint16_t)at, &limits, &d);
	if (d.nomem)
		return error_nomem(err);
	one = wrong(&d, documents);
	if (one)
		return tree_fail(source, one->at.line, PIPE_EPIPELINE, err, "%s", one->message);
	if (documents < 0)
		return tree_fail(source, 0, PIPE_EPIPELINE, err, "this is no YAML");
	if (documents == 0 || !root || node_is_null(root))
		return PIPE_OK;
	*out = (struct tree_value){ 0 };
	return convert(out, root, a) ? PIPE_OK : error_nomem(err);
}
