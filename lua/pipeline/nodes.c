/*
 * Tables -> nodes.  What the syntax knows of a constructor (the order and the places of its keys and values) is put together with what the
 * table held in the end: keys that were written in the constructor come first, in their order, the others after them by name.
 */
#include "lua/pipeline/nodes.h"

#include "base/map.h"
#include "base/utf8.h"
#include "pipeline/document/root.h"
#include "pipeline/keyword/keyword.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_SHOWN = 60 };

/* The items of one constructor by their keys, and those without keys by their numbers. */
struct constructor_index {
	const struct syntax_table *table;
	struct map keys;      /* -> the last item of that key */
	uint32_t *positional; /* numbers of items */
	uint32_t count;
};

/* Where a value stands. */
struct spot {
	struct mark at;
	const struct keyword *row; /* that it is a value of; NULL: none, or not known */
	unsigned level;		   /* of maps above it: 0 the file, 1 a job or a keyword of the file */
	const char *key;	   /* or NULL */
	uint32_t length;
};

/* ---- places ---- */

static struct mark mark_at(const struct pipeline_nodes *b, uint32_t line, uint32_t column)
{
	return (struct mark){ line + b->options->source->line, column < UINT16_MAX ? (uint16_t)column : UINT16_MAX,
			      b->options->file };
}

static const struct syntax_table *table_of(const struct pipeline_nodes *b, const struct pipeline_value *v)
{
	return b->tree && v->constructor ? syntax_table(b->tree, v->constructor - 1) : NULL;
}

/* Where the table was written; otherwise what is around it. */
static struct mark place_of(const struct pipeline_nodes *b, const struct pipeline_value *v, struct mark around)
{
	const struct syntax_table *t = v->kind >= PIPELINE_LIST ? table_of(b, v) : NULL;

	return t ? mark_at(b, t->line, t->column) : around;
}

static bool fill_index(struct constructor_index *x, struct arena *scratch)
{
	x->positional = ARENA_ARRAY(scratch, uint32_t, x->table->count);
	if (!x->positional)
		return false;
	for (uint32_t i = 0; i < x->table->count; i++) {
		struct syntax_item *item = &x->table->items[i];

		if (item->key && !map_put(&x->keys, scratch, item->key, strlen(item->key), item))
			return false;
		if (!item->key_line)
			x->positional[x->count++] = i;
	}
	return true;
}

/* NULL: nothing is known of its constructor. */
static struct constructor_index *index_of(struct pipeline_nodes *b, const struct pipeline_value *v)
{
	const struct syntax_table *t = table_of(b, v);
	struct constructor_index **slot;

	if (!t || v->constructor > b->index_count)
		return NULL;
	slot = &b->indexes[v->constructor - 1];
	if (*slot)
		return *slot;
	*slot = ARENA_NEW(b->scratch, struct constructor_index);
	if (*slot) {
		(*slot)->table = t;
		if (!fill_index(*slot, b->scratch))
			*slot = NULL;
	}
	b->d->nomem |= !*slot;
	return *slot;
}

/* ---- what is wrong ---- */

static int clip(const char *text, uint32_t length)
{
	return (int)utf8_valid(text, length < KEY_SHOWN ? length : KEY_SHOWN);
}

static struct node *lost(struct pipeline_nodes *b, struct mark at)
{
	struct node *n = node_scalar(b->a, at, "", 0);

	if (n)
		n->tag = TAG_LOST;
	return n;
}

static struct node *report_wrong(struct pipeline_nodes *b, const struct pipeline_value *v, const struct spot *s)
{
	struct mark at = place_of(b, v, s->at);

	b->wrong = true;
	if (!s->level)
		diag_error(b->d, at, "lua-value", "what the file returns is %s", v->text);
	else if (s->key)
		diag_error(b->d, at, "lua-value", "\"%.*s\" is %s", clip(s->key, s->length), s->key, v->text);
	else
		diag_error(b->d, at, "lua-value", "an item of this list is %s", v->text);
	diag_hint(b->d, "texts, numbers, true, false and plain tables of them make a pipeline");
	return lost(b, at);
}

/* ---- empty tables ---- */

/* The row of a key below a spot. */
static const struct keyword *row_below(const struct spot *s, const char *key, uint32_t length)
{
	if (!s->level)
		return keyword_find(keywords, IN_GLOBAL, key, length);
	if (s->level == 1 && !s->row)
		return keyword_find(keywords, IN_JOB, key, length);
	if (!s->row || !s->row->fields)
		return NULL;
	return keyword_below(s->row, s->row->fields == keywords ? IN_DEFAULT : IN_NESTED, key, length);
}

/* `{}` is a map where only a map can stand. */
static bool wants_map(const struct spot *s)
{
	const unsigned lists = TAKES_LIST | TAKES_SCRIPT | TAKES_ANY,
		       maps = TAKES_MAP | TAKES_VARIABLES | TAKES_NAMED | TAKES_AXES;

	if (!s->level || (s->level == 1 && !s->row))
		return true;
	return s->row && (s->row->shape & maps) && !(s->row->shape & lists);
}

/* ---- nodes ---- */

static struct node *make(struct pipeline_nodes *b, struct pipeline_value *v, const struct spot *s);

static struct node *make_scalar(struct pipeline_nodes *b, const struct pipeline_value *v, struct mark at)
{
	struct node *n = root_text(b->a, at, v->kind == PIPELINE_NULL ? "null" : v->text,
				   v->kind == PIPELINE_NULL ? 4 : v->count);

	if (n && v->kind != PIPELINE_TEXT)
		n->style = STYLE_PLAIN;
	return n;
}

static struct node *make_list(struct pipeline_nodes *b, struct pipeline_value *v, const struct spot *s)
{
	const struct constructor_index *x = index_of(b, v);
	struct node *list = node_list(b->a, s->at, v->count);

	for (uint32_t i = 0; list && i < v->count; i++) {
		const struct syntax_item *item = x && i < x->count ? &x->table->items[x->positional[i]] : NULL;
		struct spot below = { .at = item ? mark_at(b, item->line, item->column) : s->at, .level = s->level + 1 };

		/* What stands in a list of lists or of maps is looked at by the row of the list. */
		below.row = s->row && s->row->fields ? s->row : NULL;
		list->items[i] = make(b, v->pairs[i].value, &below);
		if (!list->items[i])
			return NULL;
	}
	return list;
}

/* A key in the order in which it was written. */
struct placed {
	const struct pipeline_pair *pair;
	const struct syntax_item *item; /* NULL: it came later, or was computed */
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	uint32_t shorter = x->pair->length < y->pair->length ? x->pair->length : y->pair->length;
	int order;

	if (x->item && y->item)
		return x->item < y->item ? -1 : x->item > y->item;
	if (x->item || y->item)
		return x->item ? -1 : 1;
	order = memcmp(x->pair->key, y->pair->key, shorter);
	return order ? order : x->pair->length < y->pair->length ? -1 : x->pair->length > y->pair->length;
}

static struct placed *order_pairs(struct pipeline_nodes *b, const struct pipeline_value *v)
{
	const struct constructor_index *x = index_of(b, v);
	struct placed *placed = ARENA_ARRAY(b->scratch, struct placed, v->count);

	for (uint32_t i = 0; placed && i < v->count; i++) {
		placed[i].pair = &v->pairs[i];
		placed[i].item = x ? map_get(&x->keys, v->pairs[i].key, v->pairs[i].length) : NULL;
	}
	if (placed)
		qsort(placed, v->count, sizeof(*placed), compare_placed);
	return placed;
}

/* A key that was computed has the place of what it leads to. */
static bool make_pair(struct pipeline_nodes *b, struct node *map, const struct placed *p, const struct spot *s)
{
	const struct pipeline_pair *pair = p->pair;
	struct spot below = { .key = pair->key, .length = pair->length, .level = s->level + 1 };
	struct node *key, *value;

	below.at = p->item ? mark_at(b, p->item->line, p->item->column) : s->at;
	below.row = row_below(s, pair->key, pair->length);
	key = root_text(b->a, p->item ? mark_at(b, p->item->key_line, p->item->key_column) : place_of(b, pair->value, s->at),
			pair->key, pair->length);
	value = make(b, pair->value, &below);
	return key && value && node_add(map, b->a, key, value);
}

static struct node *make_map(struct pipeline_nodes *b, struct pipeline_value *v, const struct spot *s)
{
	const struct placed *placed = order_pairs(b, v);
	struct node *map = node_map(b->a, s->at, v->count);

	if (!placed || !map)
		return NULL;
	for (uint32_t i = 0; i < v->count; i++)
		if (!make_pair(b, map, &placed[i], s))
			return NULL;
	return map;
}

/* Nesting is bounded by what was taken over (PIPELINE_DEPTH_MOST).  NULL: no memory. */
static struct node *make(struct pipeline_nodes *b, struct pipeline_value *v, const struct spot *s)
{
	struct spot own = *s;

	if (v->node)
		return v->node;
	if (v->kind == PIPELINE_WRONG)
		return report_wrong(b, v, s);
	if (v->kind < PIPELINE_LIST)
		return make_scalar(b, v, s->at);
	own.at = place_of(b, v, s->at);
	if (v->kind == PIPELINE_EMPTY)
		return wants_map(s) ? node_map(b->a, own.at, 0) : node_list(b->a, own.at, 0);
	v->node = v->kind == PIPELINE_MAP ? make_map(b, v, &own) : make_list(b, v, &own);
	return v->node;
}

/* ---- limits ---- */

/* The part that is nested deepest, as far down as may be. */
static struct mark deepest(const struct pipeline_nodes *b, const struct pipeline_value *v, uint32_t depth, struct mark at)
{
	for (; depth && v->height > 1; depth--) {
		uint32_t i = 0;

		at = place_of(b, v, at);
		while (v->pairs[i].value->height + 1 < v->height)
			i++;
		v = v->pairs[i].value;
	}
	return place_of(b, v, at);
}

static bool within_limits(const struct pipeline_nodes *b, const struct pipeline_value *root)
{
	const pipe_limits *limits = b->options->pipeline_limits;

	/* A scalar is no level. */
	if (root->height > limits->depth + 1u) {
		diag_error(b->d, deepest(b, root, limits->depth, b->whole), "nesting-too-deep",
			   "tables are nested more than %u levels deep here", limits->depth);
		return false;
	}
	if (root->weight > limits->nodes) {
		diag_error(b->d, place_of(b, root, b->whole), "too-many-nodes", "what the file returns has more than %u nodes",
			   limits->nodes);
		return false;
	}
	return true;
}

struct node *pipeline_nodes_make(struct pipeline_nodes *b, struct pipeline_value *root)
{
	struct spot whole = { .at = b->whole };
	struct node *n;

	while (b->tree && syntax_table(b->tree, b->index_count))
		b->index_count++;
	b->indexes = ARENA_ARRAY(b->scratch, struct constructor_index *, b->index_count);
	if (!b->indexes) {
		b->d->nomem = true;
		return NULL;
	}
	if (!within_limits(b, root))
		return NULL;
	n = make(b, root, &whole);
	b->d->nomem |= !n;
	return b->wrong ? NULL : n;
}
