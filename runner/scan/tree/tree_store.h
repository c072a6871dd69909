/*
 * Where an image's blobs lie: a directory, or a tar of files (also a compressed one, which is unpacked into a file without a name
 * first).  Members are found by their clean path.
 */
#ifndef RUNNER_SCAN_TREE_TREE_STORE_H
#define RUNNER_SCAN_TREE_TREE_STORE_H

#include "runner/scan/tree_walk.h"

/* PIPE_EPIPELINE: it is neither directory nor tar; the message says what it seems to be. */
int tree_store_open(struct tree_store **out, struct tree_walk *w, const char *path, pipe_error *err);
void tree_store_close(struct tree_store *s);
bool tree_store_has(const struct tree_store *s, const char *member);
/* PIPE_ENOTFOUND: there is none.  Links are followed within the store.  The part may be used as long as the store is open. */
int tree_store_part(struct tree_store *s, const char *member, struct tree_part *part, pipe_error *err);
/* A whole member in the walk's arena, NUL-terminated.  digest: what it must have; or NULL. */
int tree_store_read(struct tree_store *s, const char *member, const char *digest, const char **text, size_t *length,
		    pipe_error *err);
/* "sha256:..." of the bytes, in the arena. */
int tree_digest_of(struct tree_walk *w, const char *bytes, size_t length, const char **out, pipe_error *err);
/* PIPE_EPIPELINE: the bytes are not those of the digest; what: whose they should be. */
int tree_digest_verify(struct tree_walk *w, const char *what, const char *digest, const char *bytes, size_t length,
		       pipe_error *err);

#endif
