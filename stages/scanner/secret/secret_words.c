/* Many words looked for at once: see secret_words.h. */
#include "stages/scanner/secret/secret_words.h"

#include <string.h>
#include <strings.h>

static uint32_t key_of(uint32_t before, char c)
{
	return (before << 5 | ((unsigned char)c & 31u)) & (WORDS_KEYS - 1);
}

bool words_build(struct words *w, struct arena *a, const char *const *words, uint32_t count)
{
	unsigned used = 0;

	memset(w, 0, sizeof(*w));
	w->words = words;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t key = 0;
		uint16_t *slot;

		if (strlen(words[i]) < WORDS_LEAST || i > UINT16_MAX)
			return false;
		for (int c = 0; c < WORDS_LEAST; c++)
			key = key_of(key, words[i][c]);
		if (!w->bucket[key] && ++used == WORDS_BUCKETS)
			return false;
		if (!w->bucket[key])
			w->bucket[key] = (uint8_t)used;
		slot = vec_push(a, &w->in[w->bucket[key]]);
		if (!slot)
			return false;
		*slot = (uint16_t)i;
	}
	return true;
}

size_t words_next(const struct words *w, const char *bytes, size_t length, size_t at, unsigned *bucket)
{
	uint32_t key;

	if (length < WORDS_LEAST || at > length - WORDS_LEAST)
		return length;
	key = key_of(key_of(0, bytes[at]), bytes[at + 1]);
	for (size_t i = at + 2; i < length; i++) {
		key = key_of(key, bytes[i]);
		if (w->bucket[key]) {
			*bucket = w->bucket[key];
			return i - 2;
		}
	}
	return length;
}

bool words_stands(const struct words *w, uint16_t word, const char *bytes, size_t length, size_t at, size_t *end)
{
	size_t n = strlen(w->words[word]);

	*end = at + n;
	return n <= length - at && !strncasecmp(w->words[word], bytes + at, n);
}
