/* Which files below a root a selection means: shared by the writer of archives and by archive_find. */
#ifndef RUNNER_ARCHIVE_SELECT_H
#define RUNNER_ARCHIVE_SELECT_H

#include "base/arena.h"
#include "base/vec.h"
#include "runner/files/archive.h"
#include "runner/files/walk.h"

struct selected {
	const char *path;
	enum walk_type type; /* file, directory or link */
};
typedef VEC(struct selected) selected_list;

/* Sorted by path, each once: what is in a directory comes after it. */
int archive_select_files(const char *root, const struct archive_select *select, selected_list *out, uint64_t *unmatched,
			 struct arena *a, pipe_error *err);
/* Does a link at `path` with this target stay below root?  root is absolute.  Nothing is looked up: ".." is only taken in front, so
 * that links along the way cannot change the answer. */
bool archive_link_stays(const char *root, const char *path, const char *target);

#endif
