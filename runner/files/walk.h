/*
 * Walking a directory tree without following links, whatever its depth.  Two things are nobody's files and never shown: `.git` at the
 * root, and a state directory of ours (it holds `pipe.db`) wherever it lies.
 */
#ifndef RUNNER_WALK_H
#define RUNNER_WALK_H

#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

enum walk_type { WALK_FILE, WALK_DIRECTORY, WALK_LINK, WALK_SPECIAL };

struct walk_entry {
	const char *path; /* relative to the root; valid during the call */
	enum walk_type type;
	uint64_t above; /* what the visit of the directory around it left in `below`; 0 at the root */
	uint64_t below; /* of a directory: handed on */
	bool enter;	/* of a directory: true unless the visit clears it */
};
/* PIPE_OK to go on; anything else ends the walk with it, err filled. */
typedef int (*walk_visit)(void *context, struct walk_entry *entry, pipe_error *err);

/* Directories before what is in them, otherwise in no particular order.  A directory that cannot be read is passed over. */
int walk_tree(const char *root, walk_visit visit, void *context, pipe_error *err);

#endif
