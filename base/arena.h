/*
 * One lifetime, one arena: what is allocated together is dropped together.  Nothing inside is freed alone.
 * Built with -DARENA_MALLOC each allocation is a malloc of its own, so that the sanitizers see overruns.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *blocks; /* newest first; the newest is the one that is filled */
	char *next, *end;	    /* free space of the newest block */
	size_t used;		    /* bytes handed out, for limits */
};
#define ARENA_INIT                                                                                                               \
	{                                                                                                                        \
		NULL, NULL, NULL, 0                                                                                              \
	}

/* Zeroed memory, aligned for any type; NULL: no memory. */
void *arena_alloc(struct arena *a, size_t size);
/* Memory for text: not aligned, not zeroed. */
char *arena_text(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *text, size_t length);
char *arena_strdup(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
/* Drops everything; the arena is ready for use again. */
void arena_clear(struct arena *a);
/* The same, but a small block stays for what comes next: of an arena that is emptied again and again. */
void arena_reset(struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), sizeof(type), (n)))
/* n elements; NULL also where the product overflows. */
void *arena_array(struct arena *a, size_t size, size_t n);

#endif
