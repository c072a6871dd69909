/*
 * A hash map from text to a pointer, on an arena: for names of jobs, variables, keywords.  Keys are borrowed (they must live as
 * long as the map), seldom removed (put NULL), and hashed with a seed so that hostile names cannot collide on purpose.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"
#include <stdbool.h>
#include <stdint.h>

struct map_slot {
	const char *key; /* NULL: free */
	void *value;
	uint32_t length, hash;
};
struct map {
	struct map_slot *slots;
	uint32_t capacity, count; /* capacity is a power of two, or 0 */
};
#define MAP_INIT                                                                                                                 \
	{                                                                                                                        \
		NULL, 0, 0                                                                                                       \
	}

/* The value, or NULL. */
void *map_get(const struct map *m, const char *key, size_t length);
/* Puts or replaces; false: no memory. */
bool map_put(struct map *m, struct arena *a, const char *key, size_t length, void *value);
/* Room for so many names, in a map that has none: growing leaves as much again behind.  false: no memory. */
bool map_reserve(struct map *m, struct arena *a, uint32_t count);
/* 32-bit hash of bytes, seeded per process image (address-space randomisation), not for storing. */
uint32_t map_hash(const char *key, size_t length);

#endif
