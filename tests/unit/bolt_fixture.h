/*
 * Makes a small bbolt database in memory, so that tests need no foreign file: entries by path ("bucket/bucket/key"), in buckets that
 * lie in their parent's page where they are small, and otherwise in trees of as many levels as `fanout` (keys a page) makes of them.
 */
#ifndef TESTS_UNIT_BOLT_FIXTURE_H
#define TESTS_UNIT_BOLT_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bolt_file {
	uint8_t *bytes;
	size_t length; /* whole pages */
	uint32_t page_size;
	unsigned fanout;
};
struct bolt_put {
	const char *path[4]; /* names of buckets, then the key; NULL-terminated */
	const char *value;
};
struct bolt_item {
	const char *key;
	size_t key_length;
	const uint8_t *value;
	size_t length;
	uint64_t page; /* of a branch */
	bool bucket;
	bool owned; /* value is to be freed */
};

static inline void bolt_number(uint8_t *p, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static inline uint8_t *bolt_page(struct bolt_file *f, uint64_t *id, size_t bytes)
{
	size_t pages = (bytes + f->page_size - 1) / f->page_size;

	*id = f->length / f->page_size;
	f->bytes = realloc(f->bytes, f->length + pages * f->page_size);
	ck_assert_ptr_nonnull(f->bytes);
	memset(f->bytes + f->length, 0, pages * f->page_size);
	bolt_number(f->bytes + f->length, *id, 8);
	bolt_number(f->bytes + f->length + 12, pages - 1, 4);
	f->length += pages * f->page_size;
	return f->bytes + *id * f->page_size;
}

static inline size_t bolt_size(const struct bolt_item *items, size_t count)
{
	size_t size = 16;

	for (size_t i = 0; i < count; i++)
		size += 16 + items[i].key_length + items[i].length;
	return size;
}

/* The header's flags and count, the elements, and what they point to. */
static inline void bolt_fill(uint8_t *page, const struct bolt_item *items, size_t count, bool branch)
{
	size_t data = 16 + count * 16;

	bolt_number(page + 8, branch ? 1 : 2, 2);
	bolt_number(page + 10, count, 2);
	for (size_t i = 0; i < count; i++) {
		uint8_t *e = page + 16 + i * 16, *at = branch ? e : e + 4;

		if (branch)
			bolt_number(e + 8, items[i].page, 8);
		else
			bolt_number(e, items[i].bucket, 4);
		bolt_number(at, data - (16 + i * 16), 4);
		bolt_number(at + 4, items[i].key_length, 4);
		if (!branch)
			bolt_number(e + 12, items[i].length, 4);
		memcpy(page + data, items[i].key, items[i].key_length);
		data += items[i].key_length;
		if (!branch && items[i].length)
			memcpy(page + data, items[i].value, items[i].length);
		data += branch ? 0 : items[i].length;
	}
}

/* Pages of one level over `items`, and of those above it; returns the topmost one. */
static inline uint64_t bolt_tree(struct bolt_file *f, struct bolt_item *items, size_t count)
{
	bool branch = false;
	uint64_t id = 0;

	do {
		size_t above = 0;

		for (size_t i = 0; i < count || !above; i += f->fanout) {
			size_t n = count - i < f->fanout ? count - i : f->fanout;
			uint8_t *page = bolt_page(f, &id, bolt_size(items + i, n));

			bolt_fill(page, items + i, n, branch);
			for (size_t k = i; k < i + n; k++)
				if (items[k].owned)
					free((void *)(uintptr_t)items[k].value);
			if (count)
				items[above] = (struct bolt_item){ .key = items[i].key,
								   .key_length = items[i].key_length,
								   .page = id };
			above++;
		}
		count = above;
		branch = true;
	} while (count > 1);
	return id;
}

static inline struct bolt_item bolt_sub_bucket(struct bolt_file *f, struct bolt_item *items, size_t count, bool small)
{
	size_t size = small ? bolt_size(items, count) : 0;
	uint8_t *value = calloc(1, 16 + size);

	ck_assert_ptr_nonnull(value);
	if (small) {
		bolt_fill(value + 16, items, count, false);
		for (size_t i = 0; i < count; i++)
			if (items[i].owned)
				free((void *)(uintptr_t)items[i].value);
	} else {
		bolt_number(value, bolt_tree(f, items, count), 8);
	}
	return (struct bolt_item){ .value = value, .length = 16 + size, .bucket = true, .owned = true };
}

/* The entries [from, to) have the same buckets above `level`; sorted. */
static inline size_t bolt_collect(struct bolt_file *f, const struct bolt_put *puts, size_t from, size_t to, unsigned level,
				  struct bolt_item *out)
{
	size_t count = 0;

	for (size_t i = from, end; i < to; i = end) {
		const char *key = puts[i].path[level];

		for (end = i + 1; puts[i].path[level + 1] && end < to && !strcmp(puts[end].path[level], key);)
			end++;
		if (puts[i].path[level + 1]) {
			struct bolt_item *items = calloc(end - i + 1, sizeof(*items));
			size_t n = bolt_collect(f, puts, i, end, level + 1, items);

			out[count] = bolt_sub_bucket(f, items, n,
						     !puts[i].path[level + 2] && bolt_size(items, n) < f->page_size / 4);
			free(items);
		} else {
			out[count] = (struct bolt_item){ .value = (const uint8_t *)puts[i].value,
							 .length = strlen(puts[i].value) };
		}
		out[count].key = key;
		out[count++].key_length = strlen(key);
	}
	return count;
}

static inline int bolt_put_order(const void *a, const void *b)
{
	const struct bolt_put *x = a, *y = b;

	for (unsigned i = 0; i < 4; i++) {
		int order = !x->path[i] || !y->path[i] ? (x->path[i] != NULL) - (y->path[i] != NULL)
						       : strcmp(x->path[i], y->path[i]);

		if (order || !x->path[i])
			return order;
	}
	return 0;
}

static inline void bolt_sign_meta(uint8_t *meta)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (unsigned i = 0; i < 56; i++)
		hash = (hash ^ meta[i]) * UINT64_C(1099511628211);
	bolt_number(meta + 56, hash, 8);
}

/* puts: sorted here.  Free f->bytes. */
static inline void bolt_make(struct bolt_file *f, struct bolt_put *puts, size_t count, uint32_t page_size, unsigned fanout)
{
	struct bolt_item *items = calloc(count + 1, sizeof(*items));
	uint64_t root, id;

	memset(f, 0, sizeof(*f));
	f->page_size = page_size;
	f->fanout = fanout;
	if (count)
		qsort(puts, count, sizeof(*puts), bolt_put_order);
	for (unsigned i = 0; i < 3; i++)
		bolt_number(bolt_page(f, &id, 16) + 8, i < 2 ? 4 : 16, 2);
	root = bolt_tree(f, items, bolt_collect(f, puts, 0, count, 0, items));
	free(items);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *meta = f->bytes + i * page_size + 16;

		bolt_number(meta, 0xED0CDAED, 4);
		bolt_number(meta + 4, 2, 4);
		bolt_number(meta + 8, page_size, 4);
		bolt_number(meta + 16, root, 8);
		bolt_number(meta + 32, 2, 8);
		bolt_number(meta + 40, f->length / page_size, 8);
		bolt_number(meta + 48, 10 + i, 8);
		bolt_sign_meta(meta);
	}
}

#endif
