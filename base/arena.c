/*
 * Blocks come zeroed and are filled once, from the start to the end: nothing has to be cleared on the way.  Large blocks are mapped,
 * with their pages, all in one go: to fault them in one by one would be a good part of what a large plan costs.  An arena that has
 * become large goes on with huge pages, where the kernel has some: they are cheaper to get, to walk over and to give back.
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
	HUGE_PAGE = 2 * 1024 * 1024,
	HUGE_FROM = 2 * 1024 * 1024, /* used, so that at most half of an arena is the rest of such a page */
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

static void *map_pages(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Mapped where huge pages can be: most kernels do so by themselves, otherwise it is cut out of a larger piece. */
static void *map_aligned(size_t size)
{
	char *p = map_pages(size, 0);
	size_t before;

	if (!p || (uintptr_t)p % HUGE_PAGE == 0)
		return p;
	munmap(p, size);
	p = map_pages(size + HUGE_PAGE, 0);
	if (!p)
		return NULL;
	before = -(uintptr_t)p % HUGE_PAGE;
	if (before)
		munmap(p, before);
	munmap(p + before + size, HUGE_PAGE - before);
	return p + before;
}

static void *map_huge(size_t size)
{
	void *p = map_aligned(size);

	/* Hints: without them it is memory as well. */
	if (p)
		(void)madvise(p, size, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
	if (p && size <= POPULATE_MOST)
		(void)madvise(p, size, MADV_POPULATE_WRITE);
#endif
	return p;
}

static struct arena_block *block_new(size_t size)
{
	size_t whole = sizeof(struct arena_block) + size;
	struct arena_block *b;

	if (whole < size)
		return NULL;
	if (!is_mapped(size))
		b = calloc(1, whole);
	else if (whole % HUGE_PAGE == 0)
		b = map_huge(whole);
	else
		b = map_pages(whole, size <= POPULATE_MOST ? MAP_POPULATE : 0);
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
static size_t room_of(const struct arena *a)
{
	(void)a;
	return 0;
}

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
/* A size for as many huge pages as that takes. */
static size_t huge_size(size_t size)
{
	size_t pages = (size + sizeof(struct arena_block) + HUGE_PAGE - 1) / HUGE_PAGE;

	return pages * HUGE_PAGE - sizeof(struct arena_block);
}

static size_t room_of(const struct arena *a)
{
	return a->next ? (size_t)(a->end - a->next) : 0;
}

/* How much the next block holds: twice the last, up to ARENA_MOST. */
static size_t next_size(const struct arena *a, size_t size)
{
	size_t grown = a->blocks ? a->blocks->size * 2 : ARENA_FIRST;

	if (a->used >= HUGE_FROM)
		return huge_size(size);
	if (grown > ARENA_MOST)
		grown = ARENA_MOST;
	return grown < size ? size : grown;
}

/* Do new huge pages for that leave more behind it than there is now? */
static bool leaves_more(const struct arena *a, size_t size)
{
	return a->used >= HUGE_FROM && huge_size(size) - size > (size_t)(a->end - a->next);
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
	} else if (a->blocks && size > ARENA_MOST / 4 && !leaves_more(a, size)) {
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
	size_t room = room_of(a);
	va_list again;
	char *p;
	int n;

	/* Mostly it fits into what is left of the block, and is formatted once. */
	va_copy(again, ap);
	n = vsnprintf(room ? a->next : NULL, room, format, again);
	va_end(again);
	if (n >= 0 && (size_t)n < room)
		return take(a, (size_t)n + 1, 1);
	if (room)
		memset(a->next, 0, room);
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

static void free_from(struct arena_block *b)
{
	while (b) {
		struct arena_block *older = b->older;
		block_free(b);
		b = older;
	}
}

void arena_clear(struct arena *a)
{
	free_from(a->blocks);
	memset(a, 0, sizeof(*a));
}

#ifdef ARENA_MALLOC
void arena_reset(struct arena *a)
{
	arena_clear(a);
}
#else
void arena_reset(struct arena *a)
{
	struct arena_block *b = a->blocks;

	if (!b || is_mapped(b->size)) {
		arena_clear(a);
		return;
	}
	free_from(b->older);
	b->older = NULL;
	memset(block_start(b), 0, (size_t)(a->next - block_start(b)));
	a->next = block_start(b);
	a->used = 0;
}
#endif
