/*
 * The bytes of wanted files while a layer is read: what the layer says last is only known at its end.  A few megabytes are held in
 * memory, the rest lies in a file without a name.
 */
#ifndef RUNNER_SCAN_LAYER_LAYER_HOLD_H
#define RUNNER_SCAN_LAYER_LAYER_HOLD_H

#include "base/arena.h"
#include "runner/scan/tree_walk.h"

struct layer_hold {
	struct arena arena;
	size_t in_memory;
	int fd;
	uint64_t end; /* of the file, at a page's boundary */
};

/* Zero where nothing was written. */
struct layer_content {
	char *bytes; /* NULL: in the file */
	uint64_t at, length;
};

void layer_hold_init(struct layer_hold *h);
/* Forgets everything. */
void layer_hold_clear(struct layer_hold *h);
int layer_hold_add(struct layer_hold *h, const struct tree_walk *w, uint64_t length, struct layer_content *out, pipe_error *err);
int layer_hold_write(struct layer_hold *h, const struct layer_content *c, uint64_t offset, const void *bytes, size_t length,
		     pipe_error *err);
/* Hands the bytes to `use`. */
int layer_hold_use(const struct layer_hold *h, const struct layer_content *c,
		   int (*use)(void *payload, const char *bytes, size_t length, pipe_error *err), void *payload, pipe_error *err);

#endif
