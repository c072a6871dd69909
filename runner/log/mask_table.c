/*
 * The search.  A window of the shortest pattern's length moves over the text; shifts[] has for each hash of three bytes the distance
 * to the nearest place at which they could stand at the window's end.  Looking up is a chain of dependent loads, so a text is
 * searched at four places at once where only "is there anything" is asked: almost always the answer is no.
 */
#include "runner/log/mask_table.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 3, LANES = 4, LANES_FROM = 512 };

static uint32_t load(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* Of the three bytes before end; there are four. */
static uint32_t hash_before(const char *end)
{
	return ((load(end - 4) >> 8) * UINT32_C(0x9E3779B1)) >> (32 - TABLE_BITS);
}

static uint32_t hash_beginning(uint32_t first)
{
	return (first * UINT32_C(0x85EBCA6B)) >> (32 - TABLE_BITS - 1);
}

/* ---- making it ---- */

static int by_bytes(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	size_t n = x->length < y->length ? x->length : y->length;
	int rc = memcmp(x->bytes, y->bytes, n);

	return rc ? rc : (x->length > y->length) - (x->length < y->length);
}

static int by_length(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;

	return (x->length < y->length) - (x->length > y->length);
}

static void sort_patterns(struct mask_table *t, const struct pattern *patterns, size_t count)
{
	memcpy(t->sorted, patterns, count * sizeof(*patterns));
	qsort(t->sorted, count, sizeof(*t->sorted), by_bytes);
	t->window = TABLE_WINDOW_MOST;
	for (size_t i = 0; i < count; i++) {
		if (t->count && by_bytes(&t->sorted[t->count - 1], &t->sorted[i]) == 0)
			continue;
		t->sorted[t->count++] = t->sorted[i];
		if (t->sorted[i].length < t->window)
			t->window = t->sorted[i].length;
		if (t->sorted[i].length > t->longest)
			t->longest = t->sorted[i].length;
	}
}

static uint32_t bucket_of(const struct mask_table *t, const struct pattern *p)
{
	return hash_before(p->bytes + t->window);
}

static void fill_buckets(struct mask_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->buckets[bucket_of(t, &t->sorted[i]) + 1]++;
	for (size_t i = 0; i < TABLE_SIZE; i++)
		t->buckets[i + 1] += t->buckets[i];
	/* Each bucket's start moves as it fills, to the start of the next one; afterwards all are moved back. */
	for (size_t i = 0; i < t->count; i++)
		t->bucketed[t->buckets[bucket_of(t, &t->sorted[i])]++] = t->sorted[i];
	memmove(t->buckets + 1, t->buckets, TABLE_SIZE * sizeof(*t->buckets));
	t->buckets[0] = 0;
	for (size_t i = 0; i < TABLE_SIZE; i++)
		if (t->buckets[i + 1] - t->buckets[i] > 1)
			qsort(t->bucketed + t->buckets[i], t->buckets[i + 1] - t->buckets[i], sizeof(*t->bucketed), by_length);
}

static void fill_shifts(struct mask_table *t)
{
	memset(t->shifts, (int)(t->window - BLOCK + 1), TABLE_SIZE);
	for (size_t i = 0; i < t->count; i++) {
		const char *p = t->sorted[i].bytes;
		uint32_t beginning;
		char block[4] = { 0 };
		for (size_t end = BLOCK; end <= t->window; end++) {
			uint32_t h;
			memcpy(block + 1, p + end - BLOCK, BLOCK);
			h = hash_before(block + 4);
			if (t->window - end < t->shifts[h])
				t->shifts[h] = (uint8_t)(t->window - end);
		}
		beginning = hash_beginning(load(p));
		t->beginnings[beginning / 8] |= (uint8_t)(1 << beginning % 8);
	}
}

bool mask_table_make(struct mask_table *t, const struct pattern *patterns, size_t count)
{
	memset(t, 0, sizeof(*t));
	t->sorted = calloc(count, sizeof(*t->sorted));
	t->bucketed = calloc(count, sizeof(*t->bucketed));
	t->buckets = calloc(TABLE_SIZE + 1, sizeof(*t->buckets));
	t->shifts = calloc(TABLE_SIZE, 1);
	t->beginnings = calloc(TABLE_SIZE * 2 / 8, 1);
	if (!t->sorted || !t->bucketed || !t->buckets || !t->shifts || !t->beginnings) {
		mask_table_clear(t);
		return false;
	}
	sort_patterns(t, patterns, count);
	for (size_t i = 0; i < t->count; i++)
		t->sorted[i].first = load(t->sorted[i].bytes);
	fill_buckets(t);
	fill_shifts(t);
	return true;
}

void mask_table_clear(struct mask_table *t)
{
	free(t->sorted);
	free(t->bucketed);
	free(t->buckets);
	free(t->shifts);
	free(t->beginnings);
	memset(t, 0, sizeof(*t));
}

/* ---- searching ---- */

/* The longest pattern that begins here, of those whose block is at the window's end; 0: none. */
static size_t match_at(const struct mask_table *t, const char *p, size_t left)
{
	uint32_t h = hash_before(p + t->window), first = load(p);

	for (uint32_t i = t->buckets[h]; i < t->buckets[h + 1]; i++) {
		const struct pattern *one = &t->bucketed[i];
		if (one->first == first && one->length <= left && !memcmp(one->bytes, p, one->length))
			return one->length;
	}
	return 0;
}

size_t mask_table_next(const struct mask_table *t, const char *text, size_t length, size_t from, size_t *matched)
{
	const size_t window = t->window;
	size_t at = from;

	if (length < window)
		return length;
	while (at <= length - window) {
		uint8_t shift = t->shifts[hash_before(text + at + window)];
		if (!shift) {
			*matched = match_at(t, text + at, length - at);
			if (*matched)
				return at;
			shift = 1;
		}
		at += shift;
	}
	return length;
}

/* One step of a lane; true: a pattern stands there. */
static inline bool lane_step(const struct mask_table *t, const char **at, uint8_t shift, const char *end)
{
	if (!shift) {
		if (match_at(t, *at, (size_t)(end - *at)))
			return true;
		shift = 1;
	}
	*at += shift;
	return false;
}

bool mask_table_contains(const struct mask_table *t, const char *text, size_t length)
{
	const char *end = text + length, *at[LANES], *stop[LANES];
	const size_t window = t->window;
	const uint8_t *shifts = t->shifts;
	size_t part, matched;

	if (length < LANES_FROM + window)
		return mask_table_next(t, text, length, 0, &matched) < length;
	part = (length - window + 1) / LANES;
	for (int i = 0; i < LANES; i++) {
		at[i] = text + part * (size_t)i;
		stop[i] = at[i] + part;
	}
	stop[LANES - 1] = end - window + 1;
	while (at[0] < stop[0] && at[1] < stop[1] && at[2] < stop[2] && at[3] < stop[3]) {
		uint8_t a = shifts[hash_before(at[0] + window)], b = shifts[hash_before(at[1] + window)];
		uint8_t c = shifts[hash_before(at[2] + window)], d = shifts[hash_before(at[3] + window)];
		if (__builtin_expect(a && b && c && d, 1)) {
			at[0] += a, at[1] += b, at[2] += c, at[3] += d;
			continue;
		}
		if (lane_step(t, &at[0], a, end) || lane_step(t, &at[1], b, end) || lane_step(t, &at[2], c, end) ||
		    lane_step(t, &at[3], d, end))
			return true;
	}
	for (int i = 0; i < LANES; i++)
		while (at[i] < stop[i])
			if (lane_step(t, &at[i], shifts[hash_before(at[i] + window)], end))
				return true;
	return false;
}

/* Does a pattern begin with these bytes and go on? */
static bool is_prefix(const struct mask_table *t, const char *bytes, size_t length)
{
	size_t low = 0, high = t->count;

	/* The first pattern that is not less than the bytes: if any begins with them, it does or, being equal, the next. */
	while (low < high) {
		size_t middle = low + (high - low) / 2, n = t->sorted[middle].length;
		int rc = memcmp(t->sorted[middle].bytes, bytes, n < length ? n : length);
		if (rc < 0 || (rc == 0 && n <= length))
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->count && t->sorted[low].length > length && !memcmp(t->sorted[low].bytes, bytes, length);
}

size_t mask_table_tail(const struct mask_table *t, const char *text, size_t length)
{
	size_t at = length >= t->longest ? length - t->longest + 1 : 0;

	for (; at + 4 <= length; at++) {
		uint32_t h = hash_beginning(load(text + at));
		if (t->beginnings[h / 8] & (1 << h % 8) && is_prefix(t, text + at, length - at))
			return at;
	}
	for (; at < length; at++)
		if (is_prefix(t, text + at, length - at))
			return at;
	return length;
}
