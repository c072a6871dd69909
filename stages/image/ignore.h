/*
 * .dockerignore: which files of a context a build never sees (https://docs.docker.com/build/concepts/context/#dockerignore-files).  The last
 * pattern that fits a path, or a directory above it, has the word; one that begins with `!` takes back what others said.
 */
#ifndef STAGES_IMAGE_IGNORE_H
#define STAGES_IMAGE_IGNORE_H

#include "base/arena.h"
#include "base/vec.h"
#include <stdbool.h>

struct ignore_pattern {
	const char *glob; /* as base/glob.h has it */
	bool taken_back;
};
struct ignore_patterns {
	VEC(struct ignore_pattern) list;
};

/* Adds what the file says; false: no memory. */
bool ignore_read(struct ignore_patterns *out, struct arena *a, const char *text);
/* path: relative to the context, clean. */
bool ignore_covers(const struct ignore_patterns *p, struct arena *a, const char *path);

#endif
