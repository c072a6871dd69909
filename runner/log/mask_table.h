/*
 * Many patterns at once, after Wu and Manber: a table tells by the last three bytes of a window how far the window may move on, so
 * most bytes of a text are never looked at.
 */
#ifndef RUNNER_MASK_TABLE_H
#define RUNNER_MASK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_BITS = 15, TABLE_SIZE = 1 << TABLE_BITS, TABLE_LEAST = 4, TABLE_WINDOW_MOST = 32 };

struct pattern {
	const char *bytes;
	uint32_t length;
	uint32_t first; /* its first four bytes */
};

struct mask_table {
	struct pattern *sorted;	  /* by bytes: for prefixes */
	struct pattern *bucketed; /* by the block at the end of the window, then the longest first */
	uint32_t *buckets;	  /* TABLE_SIZE + 1 indices into bucketed */
	uint8_t *shifts;	  /* TABLE_SIZE; 0: a pattern may begin here */
	uint8_t *beginnings;	  /* a bit for each hash of four bytes that a pattern begins with */
	size_t count;
	size_t window; /* the shortest pattern, or less */
	size_t longest;
};

/* Takes over nothing: patterns (in any order, also twice; each at least TABLE_LEAST long) must outlive the table.  false: no memory. */
bool mask_table_make(struct mask_table *t, const struct pattern *patterns, size_t count);
void mask_table_clear(struct mask_table *t);

/* Is there any pattern in the text? */
bool mask_table_contains(const struct mask_table *t, const char *text, size_t length);
/* The first place at or behind `from` where a pattern begins, and the length of the longest that does; `length` when there is none. */
size_t mask_table_next(const struct mask_table *t, const char *text, size_t length, size_t from, size_t *matched);
/* From where on the text's end could be the beginning of a pattern that goes on behind it; `length` when it could not. */
size_t mask_table_tail(const struct mask_table *t, const char *text, size_t length);

#endif
