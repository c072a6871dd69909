/* A path of an archive made clean, with the hashes of itself and of all directories above it. */
#ifndef RUNNER_SCAN_LAYER_LAYER_PATH_H
#define RUNNER_SCAN_LAYER_LAYER_PATH_H

#include "runner/scan/layer/layer_set.h"
#include <limits.h>

struct layer_path {
	char text[PATH_MAX];
	size_t length;
	unsigned depth;			 /* parts */
	size_t begin[PATH_MAX / 2 + 1];	 /* where the nth part begins in text; 0 is the first */
	uint64_t hash[PATH_MAX / 2 + 1]; /* [0]: the root, [depth]: the path itself */
};

/*
 * "./", "//" and a leading "/" go; a ".." takes the part before it away, as the runtimes that unpack images have it.  false: it climbs
 * out of the root or is longer than PATH_MAX: no such file can be made.
 */
bool layer_path_set(struct layer_path *p, const struct layer_set *set, const char *text);
/* The last part; "" of the root. */
const char *layer_path_base(const struct layer_path *p);

#endif
