/* Inside of the reader of layers: what layer.c (who hides whom), layer_archive.c (entries) and layer_files.c (wanted files and links) share. */
#ifndef RUNNER_SCAN_LAYER_LAYER_READER_H
#define RUNNER_SCAN_LAYER_LAYER_READER_H

#include "runner/files/archive_library.h"
#include "runner/scan/layer/layer.h"
#include "runner/scan/layer/layer_hold.h"
#include "runner/scan/layer/layer_path.h"
#include "runner/scan/layer/layer_stream.h"
#include "runner/scan/layer/tar_plain.h"

/* Of each entry of the layer: hard links take it from where they lead. */
struct layer_seen {
	uint64_t size;
	uint32_t origin; /* the entry that has the bytes */
	bool regular, executable;
};

/* A wanted file, or a link of which that is not known yet. */
struct layer_file {
	const char *path;
	const char *at;	      /* what must still be there at the layer's end, when it is not path itself */
	const char *leads_to; /* of a link to what is not in its layer; or NULL */
	const char *diff_id;
	uint32_t entry;	 /* that made it, and must still be the last word */
	uint32_t origin; /* 0: held */
	bool executable;
	struct layer_content content;
};

/* A link of a layer above to a file that is looked for below. */
struct layer_carried {
	uint64_t hash; /* of where it leads; sorted by it */
	const char *path, *leads_to, *diff_id;
	bool found;
};

/* A layer that lies in a file as it is, in which one can skip. */
struct layer_direct {
	struct tar_plain plain;
	/* Of libarchive, which reads what is not plain: where it began, what it reads next, and how much. */
	uint64_t from, at;
	size_t size;
	char *buffer;
	unsigned specials; /* how often it was begun with */
};

struct layer_reader {
	struct tree_walk *w;
	struct archive_library lib;
	void *handle;
	struct layer_set set;
	struct layer_path path, other; /* of the entry; of another */
	struct layer_hold hold;
	uint32_t entry; /* the one that is read */
	/* Of the layer that is read. */
	const struct tree_layer *layer;
	const char *what;
	uint16_t number;
	uint32_t before; /* the last entry of the layer above */
	struct layer_seen *seen;
	size_t seen_capacity;
	struct arena names;
	VEC(struct layer_file) files; /* by entry, ascending */
	uint64_t last_parent;	      /* whose directories are marked already; 0: none */
	bool last_hidden;
	/* Where the bytes come from: a stream that checks them, or (stream NULL) the part itself. */
	struct layer_stream *stream;
	struct layer_direct direct;
	struct archive *tar;
	struct tar_entry current;
	int failed;
	pipe_error failure;
	const char *nested; /* the compression within the compression */
	bool begun;
	/* Of all. */
	struct arena kept;
	struct layer_carried *carried; /* malloc'ed */
	size_t carried_count, carried_capacity;
	uint64_t left_out, lost;
	const char *first_left_out, *first_lost;
};

/* ---- layer_archive.c ---- */
int layer_open(struct layer_reader *r, const struct tree_part *part, bool verify, pipe_error *err);
void layer_close(struct layer_reader *r);
/* *e NULL: the end. */
int layer_next(struct layer_reader *r, const struct tar_entry **e, pipe_error *err);
/* Behind the last entry: what stands behind the archive's end counts for the digests. */
int layer_drain(struct layer_reader *r, pipe_error *err);
int layer_damaged(struct layer_reader *r, pipe_error *err);

/* libarchive, in r->tar, on what the functions give it. */
int layer_library_open(struct layer_reader *r, archive_read_callback *read, archive_skip_callback *skip, pipe_error *err);

/* ---- layer_direct.c ---- */
int layer_direct_open(struct layer_reader *r, const struct tree_part *part, pipe_error *err);
void layer_direct_close(struct layer_reader *r);
/* Sets r->current; TAR_SPECIAL: libarchive, in r->tar, has to be asked for it; TAR_FAILED: *rc says how. */
enum tar_step layer_direct_next(struct layer_reader *r, int *rc, pipe_error *err);
/* The next bytes of the content of an entry that it read, and where in it they lie; *length 0: there are no more. */
int layer_direct_data(struct layer_reader *r, const void **bytes, size_t *length, uint64_t *offset, pipe_error *err);

/* ---- layer_files.c ---- */
struct layer_seen *layer_seen(struct layer_reader *r, uint32_t entry);
/* r->path is a regular file. */
int layer_on_file(struct layer_reader *r, const struct tar_entry *e, bool visible, pipe_error *err);
/* r->path is a link to r->other. */
int layer_on_link(struct layer_reader *r, bool visible, pipe_error *err);
/* The layer was read. */
int layer_hand_out(struct layer_reader *r, const struct tree_part *part, pipe_error *err);
int layer_lost(struct layer_reader *r, const char *path, pipe_error *err);

#endif
