/*
 * Growing arrays on an arena.  VEC(T) is a struct of items, count and capacity; vec_push returns the new (zeroed) last element
 * or NULL when there is no memory.  Old storage stays in the arena until it is cleared, at most as much again.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"
#include <stdint.h>

#define VEC(T)                                                                                                                   \
	struct {                                                                                                                 \
		T *items;                                                                                                        \
		uint32_t count, capacity;                                                                                        \
	}

/* A pointer to the new element (void *), or NULL. */
#define vec_push(a, v) vec_grow((a), (void **)(void *)&(v)->items, &(v)->count, &(v)->capacity, sizeof(*(v)->items))

/* qsort, which what is in order already leaves as it is after one look at it. */
#define vec_sort(v, compare) vec_order((v)->items, (v)->count, sizeof(*(v)->items), (compare))

void *vec_grow(struct arena *a, void **items, uint32_t *count, uint32_t *capacity, size_t size);

void vec_order(void *items, size_t count, size_t size, int (*compare)(const void *one, const void *two));

#endif
