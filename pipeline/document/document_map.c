/*
 * From a list of keys and values to a map: keys that stand twice (the last one wins, where the first one stood), and merge keys
 * (`<<`), whose pairs come in where the merge key stands.  The map's own keys win over merged ones wherever they stand; of several
 * maps in one merge key the first one wins, of several merge keys the last one.
 */
#include "pipeline/document/document_internal.h"
#include "pipeline/document/node_index.h"

#include <stdlib.h>
#include <string.h>

bool document_is_merge_key(const struct node *key)
{
	return key->style == STYLE_PLAIN && key->tag == TAG_NONE && key->count == 2 && !memcmp(key->text, "<<", 2);
}

static void warn_twice(struct diagnostics *d, const struct node *first, const struct node *again)
{
	diag_warning(d, again->at, "duplicate-key", "the key \"%.*s\" stands twice in this map; the last one counts",
		     document_clip(again->text, again->count), again->text);
	diag_related(d, first->at, "it stands here first");
}

/* ---- few keys and no merge: compare each with those before it ---- */

static struct pair *find_few(struct pair *pairs, uint32_t count, const struct node *key)
{
	for (uint32_t i = 0; i < count; i++)
		if (node_same_text(pairs[i].key, key))
			return &pairs[i];
	return NULL;
}

static void fill_few(struct node *map, struct node *const *nodes, size_t count, struct diagnostics *d)
{
	for (size_t i = 0; i < count; i += 2) {
		struct pair *slot = find_few(map->pairs, map->count, nodes[i]);

		if (slot)
			warn_twice(d, slot->key, nodes[i]);
		else
			slot = &map->pairs[map->count++];
		*slot = (struct pair){ nodes[i], nodes[i + 1] };
	}
}

/* ---- the general way ---- */

enum { NOT_PLACED = UINT32_MAX };

/* The keys that were seen so far: the map's own first, then what merge keys bring. */
struct filling {
	struct node *map;
	struct node_index index; /* into pairs */
	struct pair *pairs;
	struct origin {
		uint32_t merge; /* 0: the map's own; otherwise which of its merge keys brought it, from 1 */
		uint32_t place; /* in the map */
	} * origins;
	uint32_t count;
	struct diagnostics *d;
};

static void place(struct filling *f, uint32_t i)
{
	f->origins[i].place = f->map->count;
	f->map->pairs[f->map->count++] = f->pairs[i];
}

static void see_own(struct filling *f, struct node *key, struct node *value)
{
	uint32_t *slot = node_index_slot(&f->index, f->pairs, key);

	if (*slot) {
		warn_twice(f->d, f->pairs[*slot - 1].key, key);
	} else {
		f->origins[f->count] = (struct origin){ 0, NOT_PLACED };
		*slot = ++f->count;
	}
	f->pairs[*slot - 1] = (struct pair){ key, value };
}

static void see_merged(struct filling *f, const struct pair *pair, uint32_t merge)
{
	uint32_t *slot = node_index_slot(&f->index, f->pairs, pair->key);
	struct origin *origin;

	if (!*slot) {
		f->origins[f->count].merge = merge;
		f->pairs[f->count] = *pair;
		place(f, f->count);
		*slot = ++f->count;
		return;
	}
	origin = &f->origins[*slot - 1];
	if (origin->merge && origin->merge < merge) {
		origin->merge = merge;
		f->pairs[*slot - 1] = f->map->pairs[origin->place] = *pair;
	}
}

/* The i-th map that a merge key brings; NULL: there is none. */
static const struct node *merged_map(const struct node *value, uint32_t i)
{
	if (value->kind == NODE_LIST)
		return i < value->count ? value->items[i] : NULL;
	return i ? NULL : value;
}

static void see_merge_key(struct filling *f, const struct node *value, uint32_t merge)
{
	const struct node *from;

	for (uint32_t i = 0; (from = merged_map(value, i)); i++)
		for (uint32_t k = 0; from->kind == NODE_MAP && k < from->count; k++)
			see_merged(f, &from->pairs[k], merge);
}

/* How many pairs a merge key may bring; says what is no map. */
static size_t count_merged(const struct node *value, struct diagnostics *d)
{
	const struct node *from;
	size_t count = 0;

	for (uint32_t i = 0; (from = merged_map(value, i)); i++) {
		if (from->kind == NODE_MAP)
			count += from->count;
		if (from->kind == NODE_MAP || from->tag == TAG_LOST)
			continue;
		diag_error(d, from->at, "merge-not-map", "\"<<\" merges a map or a list of maps, and this is %s",
			   node_describe(from));
	}
	return count;
}

/* All own keys are known before anything is placed, so that merged ones give way. */
static void fill(struct filling *f, struct node *const *nodes, size_t count)
{
	uint32_t merge = 0;

	for (size_t i = 0; i < count; i += 2)
		if (!document_is_merge_key(nodes[i]))
			see_own(f, nodes[i], nodes[i + 1]);
	for (size_t i = 0; i < count; i += 2)
		if (document_is_merge_key(nodes[i])) {
			see_merge_key(f, nodes[i + 1], ++merge);
		} else {
			uint32_t own = *node_index_slot(&f->index, f->pairs, nodes[i]) - 1;

			if (f->origins[own].place == NOT_PLACED)
				place(f, own);
		}
}

static bool fill_many(struct node *map, struct node *const *nodes, size_t count, uint32_t most, struct diagnostics *d)
{
	struct filling f = { .map = map, .d = d };
	bool done = false;

	f.pairs = calloc(most, sizeof(*f.pairs));
	f.origins = calloc(most, sizeof(*f.origins));
	if (f.pairs && f.origins && node_index_init(&f.index, most)) {
		fill(&f, nodes, count);
		done = true;
	}
	node_index_clear(&f.index);
	free(f.origins);
	free(f.pairs);
	return done;
}

/* Many keys and no merge: an index into the pairs is enough. */
static bool fill_own(struct node *map, struct node *const *nodes, size_t count, struct diagnostics *d)
{
	struct node_index index;

	if (!node_index_init(&index, (uint32_t)(count / 2)))
		return false;
	for (size_t i = 0; i + 1 < count; i += 2) {
		uint32_t *slot = node_index_slot(&index, map->pairs, nodes[i]);

		if (*slot)
			warn_twice(d, map->pairs[*slot - 1].key, nodes[i]);
		else
			*slot = ++map->count;
		map->pairs[*slot - 1] = (struct pair){ nodes[i], nodes[i + 1] };
	}
	node_index_clear(&index);
	return true;
}

bool document_fill_map(struct node *map, struct node *const *nodes, size_t count, struct arena *a, struct diagnostics *d)
{
	size_t most = count / 2;
	bool merges = false;

	for (size_t i = 0; i < count; i += 2)
		if (document_is_merge_key(nodes[i])) {
			merges = true;
			most += count_merged(nodes[i + 1], d);
		}
	map->count = 0;
	if (!most)
		return true;
	map->pairs = most <= UINT32_MAX / 4 ? ARENA_ARRAY(a, struct pair, most) : NULL;
	if (!map->pairs)
		return false;
	if (merges)
		return fill_many(map, nodes, count, (uint32_t)most, d);
	if (most > NODE_INDEX_FEW)
		return fill_own(map, nodes, count, d);
	fill_few(map, nodes, count, d);
	return true;
}
