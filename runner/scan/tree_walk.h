/*
 * Inside of tree_scan: what its files share.  A walk is one call of tree_scan; a part is a piece of a file that holds a blob or a member
 * of an archive; a layer is a part with the digests it must have.
 */
#ifndef RUNNER_SCAN_TREE_WALK_H
#define RUNNER_SCAN_TREE_WALK_H

#include "base/vec.h"
#include "runner/scan/tree.h"

struct tree_walk {
	const char *target; /* as the user wrote it, for messages */
	const char *name;   /* which of several images: a tag or a digest; NULL: not said */
	const struct tree_options *options;
	struct tree_limits limits; /* no 0 in it */
	struct arena *a;	   /* the caller's */
	struct tree_image *image;
	bool (*wants)(void *payload, const struct tree_file *file);
	int (*visit)(void *payload, const struct tree_file *file, const char *bytes, size_t length, pipe_error *err);
	void *payload;
	uint64_t unpacked; /* bytes of layers, so far */
	uint64_t visited;  /* bytes handed out: a sparse file or a hard link costs an archive nothing */
	VEC(const char *) notes;
};

/* [offset, offset + length) of fd. */
struct tree_part {
	int fd;
	bool owned; /* tree_part_close closes fd */
	uint64_t offset, length;
};
void tree_part_close(struct tree_part *part);
/* pread that goes on after a signal; short only at the end of the part or of the file.  -1 and errno. */
int64_t tree_part_read(const struct tree_part *part, uint64_t at, void *buffer, size_t size);
/* A new file that has no name: in options->scratch, or in /tmp. */
int tree_scratch_file(const struct tree_walk *w, int *fd, pipe_error *err);

struct tree_layer {
	const char *digest;  /* of the bytes as they are kept; NULL: known already to be right, or never said */
	const char *diff_id; /* of the unpacked bytes */
	const char *path;    /* of a docker archive: the member; of others NULL */
	uint64_t bytes;	     /* as kept, as the manifest says; 0: it does not */
};

int tree_cancelled(const struct tree_walk *w, pipe_error *err);
/* A sentence for tree_image.notes. */
int tree_note(struct tree_walk *w, pipe_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
void tree_progress(const struct tree_walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* PIPE_ELIMIT, in the words of all bounds here: "<what> (limit: <name>, <bound>; it can be raised)". */
int tree_over(pipe_error *err, const char *limit, uint64_t bound, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- kinds of targets ---- */

int tree_directory_scan(struct tree_walk *w, const char *path, pipe_error *err);
struct tree_store;
int tree_oci_scan(struct tree_walk *w, struct tree_store *store, pipe_error *err);
int tree_docker_scan(struct tree_walk *w, struct tree_store *store, pipe_error *err);
int tree_registry_scan(struct tree_walk *w, const char *reference, pipe_error *err);

#endif
