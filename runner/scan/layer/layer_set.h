/*
 * Paths of an image, known by a hash of 64 bits with a secret key (two paths of one image share one with odds of one in ten million at
 * two million paths, and nobody can make them), and what the layers that were read have said about them: 16 bytes a path.
 */
#ifndef RUNNER_SCAN_LAYER_LAYER_SET_H
#define RUNNER_SCAN_LAYER_LAYER_SET_H

#include "pipe.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Layers are numbered from 1, the bottom; 0 is none.  Entries are numbered in the order of reading, over all layers, from 1. */
struct layer_slot {
	uint64_t hash;		/* 0: free */
	uint32_t entry : 31;	/* the last entry that was something else than a directory */
	uint32_t directory : 1; /* and has become a directory since */
	uint16_t decided;	/* the topmost layer that says anything about it */
	uint16_t hides;		/* what layers below that one have below the path is gone */
};

struct layer_set {
	struct layer_slot *slots;
	size_t capacity, count;
	uint64_t key[2];
};

int layer_set_init(struct layer_set *set, pipe_error *err);
void layer_set_clear(struct layer_set *set);
/* Of a name in the directory with that hash; of the root (parent 0, ""). */
uint64_t layer_set_hash(const struct layer_set *set, uint64_t parent, const char *name, size_t length);
/* NULL: not in it. */
struct layer_slot *layer_set_find(const struct layer_set *set, uint64_t hash);
/* Added where it is not; good until the next call.  NULL: no memory. */
struct layer_slot *layer_set_put(struct layer_set *set, uint64_t hash);

#endif
