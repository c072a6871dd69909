/* Open addressing; the keys stay where they are, in the pairs. */
#include "pipeline/document/node_index.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

bool node_index_init(struct node_index *x, uint32_t most)
{
	size_t capacity = 16;

	if (most > UINT32_MAX / 4)
		return false;
	while (capacity < (size_t)most * 2)
		capacity *= 2;
	x->slots = calloc(capacity, sizeof(*x->slots));
	x->mask = (uint32_t)capacity - 1;
	return x->slots != NULL;
}

void node_index_clear(struct node_index *x)
{
	free(x->slots);
	x->slots = NULL;
}

bool node_same_text(const struct node *a, const struct node *b)
{
	return a->count == b->count && (a->text == b->text || !memcmp(a->text, b->text, a->count));
}

uint32_t *node_index_slot(const struct node_index *x, const struct pair *pairs, const struct node *key)
{
	uint32_t i = map_hash(key->text, key->count) & x->mask;

	while (x->slots[i] && !node_same_text(pairs[x->slots[i] - 1].key, key))
		i = (i + 1) & x->mask;
	return &x->slots[i];
}
