/*
 * Blocks come zeroed and are filled once, from the start to the end: nothing has to be cleared on the way.  Large blocks are mapped,
 * with their pages, all in one go: to fault them in one by one would be a good part of what a large plan costs.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct arena_block {
	struct arena_block *older;
	size_t size;
};

enum {
	ARENA_FIRST = 4096,
	ARENA_MOST = 256 * 1024 - (int)sizeof(struct arena_block), /* whole pages with its head */
	POPULATE_MOST = 16 * 1024 * 1024,			   /* what is larger may be there to be filled in part */
	ARENA_ALIGN = sizeof(void *)
};

static char *block_start(struct arena_block *b)
{
	return (char *)b + sizeof(*b);
}

#ifdef ARENA_MALLOC
static bool is_mapped(size_t size)
{
	(void)size;
	return false;
}
#else
static bool is_mapped(size_t size)
{
	return size >= ARENA_MOST;
}
#endif

static struct arena_block *block_new(size_t size)
{
	size_t whole = sizeof(struct arena_block) + size;
	struct arena_block *b;
	void *p;

	if (whole < size)
		return NULL;
	if (is_mapped(size)) {
		p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | (size <= POPULATE_MOST ? MAP_POPULATE : 0), -1, 0);
		b = p == MAP_FAILED ? NULL : p;
	} else {
		b = calloc(1, whole);
	}
	if (b)
		b->size = size;
	return b;
}

static void block_free(struct arena_block *b)
{
	if (is_mapped(b->size))
		munmap(b, sizeof(*b) + b->size);
	else
		free(b);
}

/* A block for at least `size` bytes.  apart: behind the one that is being filled, whose rest is not lost. */
static char *add_block(struct arena *a, size_t size, bool apart)
{
	struct arena_block *b = block_new(size);

	if (!b)
		return NULL;
	if (apart && a->blocks) {
		b->older = a->blocks->older;
		a->blocks->older = b;
		return block_start(b);
	}
	b->older = a->blocks;
	a->blocks = b;
	a->next = block_start(b);
	a->end = a->next + size;
	return block_start(b);
}

#ifdef ARENA_MALLOC
static char *take(struct arena *a, size_t size, size_t align)
{
	char *p;

	(void)align;
	if (size > SIZE_MAX / 2)
		return NULL;
	p = add_block(a, size ? size : 1, false);
	if (p)
		a->used += size;
	return p;
}
#else
/* How much the next block holds: twice the last, up to ARENA_MOST. */
static size_t next_size(const struct arena *a, size_t size)
{
	size_t grown = a->blocks ? a->blocks->size * 2 : ARENA_FIRST;

	if (grown > ARENA_MOST)
		grown = ARENA_MOST;
	return grown < size ? size : grown;
}

static char *take(struct arena *a, size_t size, size_t align)
{
	size_t skip = a->next ? -(uintptr_t)a->next & (align - 1) : 0;
	char *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	if (a->next && size + skip <= (size_t)(a->end - a->next)) {
		p = a->next + skip;
		a->next = p + size;
	} else if (a->blocks && size > ARENA_MOST / 4) {
		p = add_block(a, size, true);
	} else {
		p = add_block(a, next_size(a, size), false);
		if (p)
			a->next = p + size;
	}
	if (p)
		a->used += size;
	return p;
}
#endif

void *arena_alloc(struct arena *a, size_t size)
{
	return take(a, size, ARENA_ALIGN);
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
		block_free(b);
		b = older;
	}
	memset(a, 0, sizeof(*a));
}
