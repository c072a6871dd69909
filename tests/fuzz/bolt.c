/*
 * libFuzzer (and AFL++) target: any bytes as a bbolt file.  Everything in it is walked and looked up: nothing outside may be read, it
 * must end, and what a walk says is there must be found by its key; values are read as Trivy's.  The checksums of the first pages are
 * made right, so that the rest is reached.
 * Seeds: tests/fuzz/bolt_seeds.py DIRECTORY.
 */
#include "stages/scanner/advisory/bolt.h"
#include "stages/scanner/advisory/trivy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { DEPTH = 4, VISITS = 20000 };

struct walk {
	const struct bolt_bucket *bucket;
	struct arena *arena;
	unsigned depth, *visits;
	struct bolt_text last;
	bool any;
};

static int heard(void *context, const struct advisory *a)
{
	(void)context;
	if (!a->id || !a->vendor_id || !a->fixed || !a->fixed_below || !a->affected_from || !a->status ||
	    a->severity >= SEVERITY_COUNT)
		abort();
	return PIPE_OK;
}

/* As each kind of bucket would have it read. */
static void read_value(struct walk *w, struct bolt_text value)
{
	static const char *const buckets[] = { "debian 12", "npm::x", "rocky 8", "Red Hat" };
	struct trivy_source source = { "", "", "" };
	struct trivy_products products = { { NULL, 0, 0 } };
	struct advisory_details details;
	struct trivy_metadata metadata;
	pipe_error err;

	(void)trivy_products_add(&products, "[1,2,3]", 7, w->arena, &err);
	for (size_t i = 0; i < 4; i++)
		(void)trivy_advisory_read(
			&(struct trivy_value){ buckets[i], "RHSA-1", value.bytes, value.length, &source, &products }, w->arena,
			heard, NULL, &err);
	(void)trivy_details_read(value.bytes, value.length, w->arena, &details, &err);
	(void)trivy_source_read(value.bytes, value.length, &source, w->arena, &err);
	(void)trivy_metadata_read(value.bytes, value.length, &metadata, &err);
	(void)trivy_products_add(&products, value.bytes, value.length, w->arena, &err);
}

static int visit(void *payload, const struct bolt_entry *entry, pipe_error *err)
{
	struct walk *w = payload;
	size_t n = w->last.length < entry->key.length ? w->last.length : entry->key.length;
	struct bolt_bucket bucket;
	struct bolt_text value;
	int found, order = w->any && n ? memcmp(w->last.bytes, entry->key.bytes, n) : 0;

	if (++*w->visits > VISITS)
		return 1;
	if (w->any && (order > 0 || (!order && w->last.length >= entry->key.length)))
		abort();
	w->last = entry->key;
	w->any = true;
	found = entry->is_bucket ? bolt_find_bucket(w->bucket, entry->key.bytes, entry->key.length, &bucket, err)
				 : bolt_find_value(w->bucket, entry->key.bytes, entry->key.length, &value, err);
	if (found != 1)
		abort();
	if (!entry->is_bucket)
		read_value(w, entry->value);
	if (entry->is_bucket && w->depth < DEPTH) {
		struct walk below = { &entry->bucket, w->arena, w->depth + 1, w->visits, { NULL, 0 }, false };
		int rc = bolt_each(&entry->bucket, "", 0, visit, &below, err);

		if (rc < 0 && rc != PIPE_EPIPELINE)
			abort();
	}
	return PIPE_OK;
}

static uint64_t sum(const unsigned char *p)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (unsigned i = 0; i < 56; i++)
		hash = (hash ^ p[i]) * UINT64_C(1099511628211);
	return hash;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	unsigned char *copy = malloc(size ? size : 1);
	struct arena arena = { NULL, NULL, NULL, 0 };
	struct bolt_bucket root;
	unsigned visits = 0;
	pipe_error err;
	struct bolt db;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	for (size_t at = 0; at <= 16384; at = at ? at * 2 : 1024)
		if (size >= at + 80) {
			uint64_t hash = sum(copy + at + 16);

			if (!memcmp(copy + at + 16, "\xed\xda\x0c\xed", 4))
				memcpy(copy + at + 72, &hash, 8);
		}
	if (bolt_open(&db, copy, size, &arena, &err) == PIPE_OK) {
		bolt_root(&db, &root);
		struct walk w = { &root, &arena, 0, &visits, { NULL, 0 }, false };

		(void)bolt_each(&root, "", 0, visit, &w, &err);
		(void)bolt_each(&root, "debian", 6, visit, &(struct walk){ &root, &arena, 0, &visits, { NULL, 0 }, false }, &err);
	}
	arena_clear(&arena);
	free(copy);
	return 0;
}
