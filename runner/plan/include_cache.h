/* Files fetched by URL, kept in <state>/includes: asked for again with their ETag, and used as they are when the server cannot be
 * reached. */
#ifndef RUNNER_INCLUDE_CACHE_H
#define RUNNER_INCLUDE_CACHE_H

#include "base/arena.h"
#include "pipe.h"
#include <stdbool.h>

struct include_cached {
	const char *state_directory, *url;
	const char *integrity; /* or NULL */
	uint64_t max_bytes;
	uint32_t timeout_ms;
	bool offline;
};
/* *stale: the server could not be reached, *why says how (a copy in a). */
int include_cache_fetch(const struct include_cached *request, struct arena *a, const char **text, size_t *length, bool *stale,
			const char **why, pipe_error *err);

#endif
