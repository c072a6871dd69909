/*
 * Reading a bbolt database (https://github.com/etcd-io/bbolt, format version 2) that lies in memory as a whole, as a map of its file
 * does.  The bytes are hostile: nothing outside of them is ever touched, pages that lead in circles come to an end, and what does not
 * fit together (a page that is another one, keys out of their order or not those that the page above promises) is PIPE_EPIPELINE.
 * What no such rule forbids, a changed letter in a value, cannot be seen: the format has no checksums but that of its first pages.
 *
 * A look-up reads one page a level, whatever the size of the file: a key is found in logarithmic time.
 *
 * The bytes must not go away or shrink while they are read.
 */
#ifndef SCANNER_ADVISORY_BOLT_H
#define SCANNER_ADVISORY_BOLT_H

#include "base/arena.h"
#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

struct bolt {
	const uint8_t *bytes;
	size_t length;
	uint32_t page_size;
	uint64_t root, pages; /* the page of the root bucket; how many pages there are */
	uint8_t *ordered;     /* a bit a page: its keys were seen to be in order */
	struct bolt_touched {
		size_t count;
		uint8_t *bits; /* one a BOLT_WINDOW of the file */
	} * touched;
};

/* What a kernel maps around a page that is looked at. */
enum { BOLT_WINDOW = 64 * 1024 };

/* A bucket: a sorted map of keys to values and buckets.  Good as long as its database. */
struct bolt_bucket {
	const struct bolt *db;
	uint64_t root; /* its first page; 0: it is small and lies in its parent's page, at `in` */
	const uint8_t *in;
	size_t in_length;
};

/* Borrowed from the database's bytes; no NUL at the end. */
struct bolt_text {
	const char *bytes;
	size_t length;
};

struct bolt_entry {
	struct bolt_text key, value; /* value: not of buckets */
	bool is_bucket;
	struct bolt_bucket bucket;
};

/* The newest of the states that the file holds.  A little memory (some bits for each page) comes from the arena, which must live as long.
 * PIPE_EPIPELINE says what is wrong with the file: empty, of another program, cut short. */
int bolt_open(struct bolt *db, const void *bytes, size_t length, struct arena *a, pipe_error *err);
void bolt_root(const struct bolt *db, struct bolt_bucket *out);

/* Bytes of the file in whose surroundings something was read, since it was opened or they were forgotten: about as much of a map of it is
 * in this process's memory. */
size_t bolt_touched(const struct bolt *db);
void bolt_forget(struct bolt *db);

/* 1: found, 0: there is none of that name, negative: an error; a value where a bucket is looked for is one, and the other way round. */
int bolt_find_bucket(const struct bolt_bucket *in, const void *key, size_t length, struct bolt_bucket *out, pipe_error *err);
int bolt_find_value(const struct bolt_bucket *in, const void *key, size_t length, struct bolt_text *out, pipe_error *err);

/* The entries whose keys begin with the prefix, in the order of their keys.  each: PIPE_OK to go on, anything else ends it and is
 * returned. */
int bolt_each(const struct bolt_bucket *in, const void *prefix, size_t length,
	      int (*each)(void *payload, const struct bolt_entry *entry, pipe_error *err), void *payload, pipe_error *err);

#endif
