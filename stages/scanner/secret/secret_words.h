/*
 * Many words looked for at once, in any case, in one pass.  The last five bits of three bytes (which are the same in both cases) make a
 * number; a table says which words can begin with it, for most numbers none.  So most bytes cost a shift and a load that waits for nothing.
 */
#ifndef STAGES_SCANNER_SECRET_SECRET_WORDS_H
#define STAGES_SCANNER_SECRET_SECRET_WORDS_H

#include "base/arena.h"
#include "base/vec.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORDS_LEAST = 3, WORDS_KEYS = 1 << 15, WORDS_BUCKETS = 256 };

struct words {
	const char *const *words;
	uint8_t bucket[WORDS_KEYS]; /* 0: no word begins so */
	VEC(uint16_t) in[WORDS_BUCKETS];
};

/* Words of ASCII, at least WORDS_LEAST long; they must outlive it.  In the arena; false: no memory, or too many words. */
bool words_build(struct words *w, struct arena *a, const char *const *words, uint32_t count);
/* The first place from `at` on where one of bucket[] may begin; length: none. */
size_t words_next(const struct words *w, const char *bytes, size_t length, size_t at, unsigned *bucket);
/* Does the word stand there? */
bool words_stands(const struct words *w, uint16_t word, const char *bytes, size_t length, size_t at, size_t *end);

#endif
