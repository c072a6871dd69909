/*
 * Interpolation (https://docs.gitlab.com/ci/inputs/): on nodes, not on text, so that an input's value can never become YAML.  Nodes
 * without a block are shared with the document that was read.
 */
#include "pipeline/compose/interpolate.h"

#include "base/str.h"
#include "pipeline/document/root.h"
#include <string.h>

enum {
	BLOCK_BYTES = 1024,	  /* of what stands between $[[ and ]] */
	TEXT_BYTES = 1024 * 1024, /* of a text with blocks, once they are replaced */
	FUNCTIONS_MOST = 3
};

struct block {
	size_t start, end;  /* of the whole block in its text */
	const char *access; /* "inputs.x" */
	size_t length;
	const char *functions; /* behind the first |; NULL: none */
	size_t functions_length;
};

struct interpolation {
	const struct inputs *in;
	struct loading *l;
	bool wrong, nomem;
};

enum outcome { REPLACED, KEPT, WRONG };

static const char *trim(const char *p, size_t *length)
{
	while (*length && strchr(" \t\n\r", *p)) {
		p++;
		--*length;
	}
	while (*length && strchr(" \t\n\r", p[*length - 1]))
		--*length;
	return p;
}

/* The first block from `from` on. */
static bool find_block(const struct node *n, size_t from, struct block *b)
{
	const char *start = memmem(n->text + from, n->count - from, "$[[", 3);
	const char *end, *bar;

	if (!start)
		return false;
	b->start = (size_t)(start - n->text);
	start += 3;
	end = memmem(start, n->count - b->start - 3, "]]", 2);
	if (!end)
		return false;
	b->end = (size_t)(end - n->text) + 2;
	bar = memchr(start, '|', (size_t)(end - start));
	b->length = (size_t)((bar ? bar : end) - start);
	b->access = trim(start, &b->length);
	b->functions = bar ? bar + 1 : NULL;
	b->functions_length = bar ? (size_t)(end - bar) - 1 : 0;
	return true;
}

/* Where in the file the block stands, as far as that can be told from the text. */
static struct mark block_mark(const struct node *n, const struct block *b)
{
	struct mark at = n->at;
	size_t column = at.column + b->start + (n->style == STYLE_QUOTED);

	if (n->style != STYLE_BLOCK && at.line && !memchr(n->text, '\n', n->count) && column < UINT16_MAX)
		at.column = (uint16_t)column;
	return at;
}

static void wrong(struct interpolation *x, const struct node *n, const struct block *b, const char *why)
{
	x->wrong = true;
	diag_error(x->l->d, block_mark(n, b), "interpolation", "%s", why);
	diag_span(x->l->d, (uint32_t)(b->end - b->start));
}

static struct node *out_of_memory(struct interpolation *x)
{
	x->nomem = x->l->d->nomem = true;
	return NULL;
}

static bool begins(const struct block *b, const char *prefix)
{
	size_t n = strlen(prefix);

	return b->length > n && !memcmp(b->access, prefix, n);
}

/* ---- what a block stands for ---- */

static const struct node *component_value(struct interpolation *x, const struct node *n, const struct block *b)
{
	const struct include_reply *r = x->in->giver->reply;
	const char *name = b->access + strlen("component.");
	size_t length = b->length - strlen("component.");
	const struct {
		const char *name, *value;
	} fields[] = {
		{ "name", r ? r->component_name : NULL },
		{ "sha", r ? r->component_sha : NULL },
		{ "version", r ? r->component_version : NULL },
		{ "reference", r ? r->component_reference : NULL },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strlen(fields[i].name) != length || memcmp(fields[i].name, name, length))
			continue;
		if (fields[i].value)
			return root_text(x->l->arena, n->at, fields[i].value, strlen(fields[i].value));
		wrong(x, n, b, "this file was not included as a component");
		return NULL;
	}
	wrong(x, n, b, "a component has a name, sha, version and reference, and nothing else");
	return NULL;
}

static const struct node *input_value(struct interpolation *x, const struct node *n, const struct block *b)
{
	const char *name = b->access + strlen("inputs.");
	size_t length = b->length - strlen("inputs.");
	const struct input *one = inputs_find(x->in, name, length);
	const char *text, *why;

	if (one)
		return one->value;
	text = arena_strndup(x->l->arena, name, length);
	why = text ? arena_printf(x->l->arena, "the header declares no input \"%s\"", text) : NULL;
	if (!why)
		return out_of_memory(x);
	wrong(x, n, b, why);
	inputs_suggest(x->in, text);
	return NULL;
}

/* NULL: wrong, and reported. */
static const struct node *block_value(struct interpolation *x, const struct node *n, const struct block *b)
{
	if (b->end - b->start > BLOCK_BYTES) {
		wrong(x, n, b, "an interpolation block is at most 1024 bytes long");
		return NULL;
	}
	if (begins(b, "inputs."))
		return input_value(x, n, b);
	if (begins(b, "component."))
		return component_value(x, n, b);
	wrong(x, n, b, "what stands in $[[ ]] is no input");
	diag_hint(x->l->d, "write $[[ inputs.NAME ]]");
	return NULL;
}

/* ---- functions ---- */

static const struct node *apply_one(struct interpolation *x, const struct node *n, const struct block *b,
				    const struct node *value, const char *call, size_t length)
{
	pipe_error err = { .code = PIPE_OK };
	const char *text, *nearest;

	if (value->kind != NODE_SCALAR || (value->style == STYLE_PLAIN && node_type(value) != SCALAR_TEXT)) {
		wrong(x, n, b, "functions are for inputs of type string");
		return NULL;
	}
	text = interpolate_function(x->l, call, length, value->text, &err);
	if (text)
		return root_text(x->l->arena, n->at, text, strlen(text));
	if (x->l->d->nomem)
		return out_of_memory(x);
	wrong(x, n, b, err.text);
	call = err.code == PIPE_ENOTFOUND ? arena_strndup(x->l->arena, call, length) : NULL;
	nearest = call ? interpolate_function_nearest(call) : NULL;
	if (nearest)
		diag_hint(x->l->d, "did you mean \"%s\"?", nearest);
	return NULL;
}

static const struct node *apply_functions(struct interpolation *x, const struct node *n, const struct block *b,
					  const struct node *value)
{
	const char *p = b->functions, *end = p ? p + b->functions_length : NULL;

	for (unsigned count = 1; p && value; count++) {
		const char *bar = memchr(p, '|', (size_t)(end - p));
		size_t length = (size_t)((bar ? bar : end) - p);
		const char *call = trim(p, &length);

		if (count > FUNCTIONS_MOST) {
			wrong(x, n, b, "a block takes at most 3 functions");
			return NULL;
		}
		value = apply_one(x, n, b, value, call, length);
		p = bar ? bar + 1 : NULL;
	}
	return value;
}

/* ---- one scalar ---- */

/* A value that is nothing but one block: the input as it is, seen from here. */
static struct node *whole_value(struct interpolation *x, struct node *n, const struct node *value)
{
	struct node *copy;

	if (value->kind != NODE_SCALAR) {
		const pipe_limits *limits = &x->l->options->limits;
		x->wrong |= !loading_nodes(x->l, n->at, root_weight(value, limits->nodes, limits->depth));
		return (struct node *)(uintptr_t)value;
	}
	copy = ARENA_NEW(x->l->arena, struct node);
	if (!copy)
		return out_of_memory(x);
	*copy = *value;
	copy->at = n->at;
	if (value->style == STYLE_PLAIN && node_type(value) == SCALAR_TEXT)
		copy->style = STYLE_QUOTED;
	return copy;
}

static enum outcome evaluate(struct interpolation *x, const struct node *n, const struct block *b, const struct node **value)
{
	if (begins(b, "matrix."))
		return KEPT;
	*value = block_value(x, n, b);
	if (*value)
		*value = apply_functions(x, n, b, *value);
	return *value ? REPLACED : WRONG;
}

static struct node *finish_text(struct interpolation *x, struct node *n, struct str *s)
{
	const char *text;

	if (s->length > TEXT_BYTES) {
		x->wrong = true;
		diag_error(x->l->d, n->at, "interpolation-limit", "this text is longer than 1 MiB with its inputs");
		return n;
	}
	if (s->failed)
		return out_of_memory(x);
	if (!loading_bytes(x->l, n->at, s->length)) {
		x->wrong = true;
		return n;
	}
	text = arena_strndup(x->l->arena, s->data, s->length);
	n = text ? root_text(x->l->arena, n->at, text, s->length) : NULL;
	return n ? n : out_of_memory(x);
}

/* Text with blocks in it; what the blocks stand for is not looked at again. */
static struct node *replace_blocks(struct interpolation *x, struct node *n, struct block *b)
{
	size_t from = 0;
	struct node *out = n;
	bool replaced = false;
	struct str s;

	str_init(&s);
	do {
		const struct node *value = NULL;

		switch (evaluate(x, n, b, &value)) {
		case REPLACED:
			str_add(&s, n->text + from, b->start - from);
			interpolate_value(x->l->arena, &s, value);
			replaced = true;
			break;
		case KEPT:
		case WRONG:
			str_add(&s, n->text + from, b->end - from);
			break;
		}
		from = b->end;
	} while (!s.failed && s.length <= TEXT_BYTES && find_block(n, from, b));
	str_add(&s, n->text + from, n->count - from);
	if (replaced)
		out = finish_text(x, n, &s);
	str_clear(&s);
	return out;
}

static struct node *replace_scalar(struct interpolation *x, struct node *n)
{
	const struct node *value = NULL;
	struct block b;

	if (!find_block(n, 0, &b))
		return n;
	if (b.start || b.end != n->count)
		return replace_blocks(x, n, &b);
	if (evaluate(x, n, &b, &value) != REPLACED)
		return n;
	return whole_value(x, n, value);
}

/* A key is always text. */
static struct node *replace_key(struct interpolation *x, struct node *n)
{
	struct block b;

	return find_block(n, 0, &b) ? replace_blocks(x, n, &b) : n;
}

/* ---- the tree ---- */

static struct node *replace(struct interpolation *x, struct node *n);

static struct node *replace_list(struct interpolation *x, struct node *n)
{
	struct node *out = n;

	for (uint32_t i = 0; i < n->count; i++) {
		struct node *new = replace(x, n->items[i]);

		if (!new)
			return NULL;
		if (new == n->items[i])
			continue;
		if (out == n)
			out = root_copy(x->l->arena, n, 0);
		if (!out)
			return out_of_memory(x);
		out->items[i] = new;
	}
	return out;
}

/* Keys may have become the same: then the later one counts, as it does in a document. */
static struct node *unite_keys(struct interpolation *x, struct node *map)
{
	struct map index = MAP_INIT;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		struct pair p = map->pairs[i];
		uintptr_t known = (uintptr_t)map_get(&index, p.key->text, p.key->count);

		if (known) {
			diag_warning(x->l->d, p.key->at, "duplicate-key", "\"%s\" stands here twice; the last one counts",
				     p.key->text);
			map->pairs[known - 1] = p;
			continue;
		}
		map->pairs[kept++] = p;
		if (!map_put(&index, x->l->arena, p.key->text, p.key->count, (void *)(uintptr_t)kept))
			return out_of_memory(x);
	}
	map->count = kept;
	return map;
}

static struct node *replace_map(struct interpolation *x, struct node *n)
{
	struct node *out = n;
	bool keys = false;

	for (uint32_t i = 0; i < n->count; i++) {
		struct pair new = { replace_key(x, n->pairs[i].key), replace(x, n->pairs[i].value) };

		if (!new.key || !new.value)
			return NULL;
		if (new.key == n->pairs[i].key &&new.value == n->pairs[i].value)
			continue;
		keys |= new.key != n->pairs[i].key;
		if (out == n)
			out = root_copy(x->l->arena, n, 0);
		if (!out)
			return out_of_memory(x);
		out->pairs[i] = new;
	}
	return keys ? unite_keys(x, out) : out;
}

/* Recursion is as deep as the YAML is nested. */
static struct node *replace(struct interpolation *x, struct node *n)
{
	if (n->kind == NODE_SCALAR)
		return replace_scalar(x, n);
	return n->kind == NODE_LIST ? replace_list(x, n) : replace_map(x, n);
}

struct node *interpolate(const struct inputs *in, struct node *content, bool *wrong_out)
{
	struct interpolation x = { .in = in, .l = in->l };
	struct node *out = replace(&x, content);

	*wrong_out = x.wrong;
	return x.nomem ? NULL : out;
}

/* ---- files without a header ---- */

static const struct node *first_block(const struct node *n, struct block *b)
{
	const struct node *found = NULL;

	if (n->kind == NODE_SCALAR) {
		for (size_t from = 0; find_block(n, from, b); from = b->end)
			if (begins(b, "inputs.") || begins(b, "component."))
				return n;
		return NULL;
	}
	for (uint32_t i = 0; i < n->count && !found; i++) {
		if (n->kind == NODE_MAP)
			found = first_block(n->pairs[i].key, b);
		if (!found)
			found = first_block(n->kind == NODE_MAP ? n->pairs[i].value : n->items[i], b);
	}
	return found;
}

void interpolate_warn(struct loading *l, const struct node *content)
{
	struct block b;
	const struct node *n = first_block(content, &b);

	if (!n)
		return;
	diag_warning(l->d, block_mark(n, &b), "interpolation-without-spec",
		     "this stays as it is written: the file declares no inputs");
	diag_span(l->d, (uint32_t)(b.end - b.start));
	diag_hint(l->d, "begin the file with a header: spec: inputs: ..., then a line ---");
}
