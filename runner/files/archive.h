/*
 * Archives of files (artifacts, caches): tar inside zstd, written and read by libarchive (loaded when first needed: it costs 3 ms of
 * start-up).  Written to a temporary name, flushed, renamed: there is a whole archive or none.  Reading is safe against hostile
 * archives: no entry leaves the directory (absolute paths, "..", links that point outside, a link planted before the file that
 * is written through it, devices), sizes and counts are bounded.
 */
#ifndef RUNNER_ARCHIVE_H
#define RUNNER_ARCHIVE_H

#include "base/str.h"
#include "pipe.h"
#include <stdbool.h>

enum { ARCHIVE_NAMES_MOST = 32 * 1024 };

struct archive_select {
	const char *const *paths;	    /* globs and directories relative to root, NULL-terminated */
	const char *const *exclude;	    /* globs; or NULL */
	bool untracked;			    /* also the files that Git does not track */
	const char *const *untracked_files; /* those, NULL-terminated, when untracked */
	struct str *
		names; /* the files and links packed, each ended by NUL, are added: the first ARCHIVE_NAMES_MOST bytes; or NULL */
};
struct archive_stats {
	uint64_t bytes; /* of the archive */
	uint32_t files;
	uint32_t outside; /* links that point out of root (but into the system's program trees): neither packed nor unpacked */
};
/* Packs what is selected below root.  A pattern that matches nothing is named in *unmatched by its index bit (first 64), and is no
 * error.  Nothing selected: no archive is made, files is 0. */
int archive_write(const char *archive, const char *root, const struct archive_select *select, struct archive_stats *stats,
		  uint64_t *unmatched, pipe_error *err);
/* Unpacks below root, which must exist: directories are merged, files and links replaced.  max_bytes 0: 64 GiB.  stats may be NULL. */
int archive_extract(const char *archive, const char *root, uint64_t max_bytes, struct archive_stats *stats, pipe_error *err);
/* The same, but nothing that is there is touched: what is missing comes back. */
int archive_complete(const char *archive, const char *root, pipe_error *err);
/* Is each of the names (of archive_select) below root, whatever it is? */
bool archive_names_there(const char *root, const char *names, size_t length);
/* The paths below root that the patterns select (files and links), sorted: for reports. */
int archive_find(const char *root, const struct archive_select *select, int (*each)(void *payload, const char *path),
		 void *payload, pipe_error *err);

#endif
