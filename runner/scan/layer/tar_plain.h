/*
 * Reading the headers of a tar archive that lies in a file as it is.  Nearly all of them are plain: of a file, a directory or a link,
 * and the header says all there is to say.  They are read here, one after the other, and contents that nobody wants are passed over:
 * libarchive takes three times as long, most of it for names in wide characters, and some milliseconds to be loaded.  Anything else
 * (extensions that matter, names beyond ASCII, sizes that octal digits cannot say, a wrong checksum, a content that is cut short) is
 * special: what it means is libarchive's to say.
 */
#ifndef RUNNER_SCAN_LAYER_TAR_PLAIN_H
#define RUNNER_SCAN_LAYER_TAR_PLAIN_H

#include "runner/files/archive_library.h"
#include "runner/scan/tree_walk.h"

/* What an entry of an archive is; texts until the next one is asked for. */
struct tar_entry {
	const char *path; /* NULL: it has none */
	const char *link; /* of a hard link: where it leads; or NULL */
	const char *soft; /* of a symbolic link; or NULL */
	uint64_t size;
	bool regular, directory, executable;
};

/* As libarchive has it. */
struct tar_entry tar_entry_of(const struct archive_library *lib, struct archive_entry *e);

struct tar_plain {
	const struct tree_part *part;
	uint64_t position; /* of the next header */
	uint64_t data;	   /* of the last one's entry: where its content goes on, */
	uint64_t left;	   /* and how much of it is left */
	uint64_t pulled;   /* bytes that were read, of all */
	char *buffer;
	uint64_t buffer_at;
	size_t buffered;
	char name[256 + 1], link[100 + 1];
};

enum tar_step {
	TAR_END,
	TAR_ENTRY,
	TAR_SPECIAL, /* libarchive has to be asked for what begins at the position */
	TAR_FAILED   /* errno says why */
};

/* Also over one that was opened before, whose buffer stays; false: no memory. */
bool tar_plain_open(struct tar_plain *t, const struct tree_part *part);
void tar_plain_close(struct tar_plain *t);
enum tar_step tar_plain_next(struct tar_plain *t, struct tar_entry *out);
/* The next bytes of the content of the entry, good until the next call: how many; 0: the end, or the file has become shorter; -1: errno. */
int64_t tar_plain_data(struct tar_plain *t, const void **bytes);

#endif
