/* Inside of the reader of layers: what layer.c (entries, and who hides whom) and layer_files.c (wanted files and links) share. */
#ifndef RUNNER_SCAN_LAYER_READER_H
#define RUNNER_SCAN_LAYER_READER_H

#include "runner/files/archive_library.h"
#include "runner/scan/layer.h"
#include "runner/scan/layer_hold.h"
#include "runner/scan/layer_path.h"
#include "runner/scan/layer_stream.h"

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
	/* Where the bytes come from: a stream that checks them, or (stream NULL) the part itself, in which one can skip. */
	struct layer_stream *stream;
	const struct tree_part *direct;
	uint64_t direct_at;
	char *direct_buffer;
	struct archive *tar;
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

/* ---- layer.c ---- */
int layer_open(struct layer_reader *r, const struct tree_part *part, bool verify, pipe_error *err);
void layer_close(struct layer_reader *r);
/* *e NULL: the end. */
int layer_next(struct layer_reader *r, struct archive_entry **e, pipe_error *err);

/* ---- layer_files.c ---- */
struct layer_seen *layer_seen(struct layer_reader *r, uint32_t entry);
/* r->path is a regular file. */
int layer_on_file(struct layer_reader *r, struct archive_entry *e, bool visible, pipe_error *err);
/* r->path is a link to r->other. */
int layer_on_link(struct layer_reader *r, bool visible, pipe_error *err);
/* The layer was read. */
int layer_hand_out(struct layer_reader *r, const struct tree_part *part, pipe_error *err);
int layer_lost(struct layer_reader *r, const char *path, pipe_error *err);

#endif
