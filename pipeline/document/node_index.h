/* Finding a key among many pairs: a hash table of positions, for as long as somebody merges or composes. */
#ifndef PIPELINE_NODE_INDEX_H
#define PIPELINE_NODE_INDEX_H

#include "pipeline/document/document.h"
#include <stdbool.h>
#include <stdint.h>

/* Up to so many pairs, comparing one by one is quicker. */
enum { NODE_INDEX_FEW = 12 };

struct node_index {
	uint32_t *slots; /* 1 + position; 0: free */
	uint32_t mask;
};

/* Room for so many keys.  false: no memory. */
bool node_index_init(struct node_index *x, uint32_t most);
void node_index_clear(struct node_index *x);
/* The slot that holds the key's position in pairs, or the free one where it may be put. */
uint32_t *node_index_slot(const struct node_index *x, const struct pair *pairs, const struct node *key);

bool node_same_text(const struct node *a, const struct node *b);

#endif
