#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 4096, ARENA_MOST = 256 * 1024, ARENA_ALIGN = sizeof(void *) };

struct arena_block {
	struct arena_block *older;
	size_t size;
};

static char *block_start(struct arena_block *b)
{
	return (char *)b + sizeof(*b);
}

static char *add_block(struct arena *a, size_t size)
{
	struct arena_block *b = malloc(sizeof(*b) + size);

	if (!b)
		return NULL;
	b->size = size;
#ifdef ARENA_MALLOC
	b->older = a->blocks;
	a->blocks = b;
#else
	/* A large request gets a block of its own behind the one being filled, whose rest is not lost. */
	if (a->blocks && size > ARENA_MOST / 4) {
		b->older = a->blocks->older;
		a->blocks->older = b;
	} else {
		b->older = a->blocks;
		a->blocks = b;
		a->next = block_start(b);
		a->end = a->next + size;
	}
#endif
	return block_start(b);
}

static char *take(struct arena *a, size_t size, size_t align)
{
	char *p;

	if (size > SIZE_MAX / 2)
		return NULL;
#ifdef ARENA_MALLOC
	(void)align;
	p = add_block(a, size ? size : 1);
#else
	size_t skip = -(uintptr_t)a->next & (align - 1);
	if (a->next && size + skip <= (size_t)(a->end - a->next)) {
		p = a->next + skip;
		a->next = p + size;
	} else if (a->blocks && size > ARENA_MOST / 4) {
		p = add_block(a, size);
	} else {
		size_t grown = a->blocks ? a->blocks->size * 2 : ARENA_FIRST;
		if (grown > ARENA_MOST)
			grown = ARENA_MOST;
		if (grown < size)
			grown = size;
		p = add_block(a, grown);
		if (p && a->next == p)
			a->next = p + size;
	}
#endif
	if (p)
		a->used += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p = take(a, size, ARENA_ALIGN);

	if (p)
		memset(p, 0, size);
	return p;
}

void *arena_array(struct arena *a, size_t size, size_t n)
{
	if (size && n > SIZE_MAX / 2 / size)
		return NULL;
	return arena_alloc(a, size * n);
}

char *arena_text(struct arena *a, size_t size)
{
	return take(a, size, 1);
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
	char *p = take(a, length + 1, 1);

	if (!p)
		return NULL;
	if (length)
		memcpy(p, text, length);
	p[length] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		return NULL;
	p = take(a, (size_t)n + 1, 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, format, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *p;

	va_start(ap, format);
	p = arena_vprintf(a, format, ap);
	va_end(ap);
	return p;
}

void arena_clear(struct arena *a)
{
	struct arena_block *b = a->blocks;

	while (b) {
		struct arena_block *older = b->older;
		free(b);
		b = older;
	}
	memset(a, 0, sizeof(*a));
}
