#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

void *vec_grow(struct arena *a, void **items, uint32_t *count, uint32_t *capacity, size_t size)
{
	char *p;

	if (*count == *capacity) {
		uint32_t grown = *capacity ? *capacity * 2 : 4;
		void *bigger;

		if (grown < *capacity)
			return NULL;
		bigger = arena_array(a, size, grown);
		if (!bigger)
			return NULL;
		if (*count)
			memcpy(bigger, *items, size * *count);
		*items = bigger;
		*capacity = grown;
	}
	p = (char *)*items + size * *count;
	memset(p, 0, size);
	++*count;
	return p;
}

void vec_order(void *items, size_t count, size_t size, int (*compare)(const void *one, const void *two))
{
	const char *at = items;

	for (size_t i = 1; i < count; i++, at += size)
		if (compare(at, at + size) > 0) {
			qsort(items, count, size, compare);
			return;
		}
}
