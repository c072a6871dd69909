/*
 * The unpacked bytes of a layer, from first to last, with its digests checked and its bounds kept on the way.  Large ones are unpacked
 * by a thread of their own, so that hashing and looking through the archive go on meanwhile.
 */
#ifndef RUNNER_SCAN_LAYER_LAYER_STREAM_H
#define RUNNER_SCAN_LAYER_LAYER_STREAM_H

#include "runner/scan/tree_walk.h"

struct layer_stream;

/* What the first bytes of a file say: "gzip", "zstd", "bzip2", "xz"; NULL: not compressed, as far as is known here. */
const char *layer_compression(const void *head, size_t length);
/* Is it [algorithm]:[hex] of an algorithm that is known here?  PIPE_EPIPELINE: no; what: whose it is. */
int layer_digest_check(const char *digest, const char *what, pipe_error *err);

/* what: for messages ("layer 2 of 7 (sha256:...)"); w, part, what and the digests (each may be NULL) outlive it. */
int layer_stream_open(struct layer_stream **out, struct tree_walk *w, const struct tree_part *part, const char *what,
		      const char *digest, const char *diff_id, pipe_error *err);
/* The next bytes, good until the next call; *length 0: the end, and the digests are right.  PIPE_EPIPELINE: damaged or not what its
 * digest says; PIPE_ELIMIT: a bomb. */
int layer_stream_next(struct layer_stream *s, const void **bytes, size_t *length, pipe_error *err);
void layer_stream_close(struct layer_stream *s);

#endif
