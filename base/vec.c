#include "base/vec.h"

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
