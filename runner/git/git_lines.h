/* Which lines of which files a change touched: those that differ between a commit and the work tree. */
#ifndef RUNNER_GIT_LINES_H
#define RUNNER_GIT_LINES_H

#include "base/map.h"
#include "base/vec.h"
#include "pipe.h"

struct git_range {
	uint32_t first, last;
};
struct git_file_lines {
	VEC(struct git_range) ranges; /* in order, apart from each other; none: only lines were taken away */
};
struct git_lines {
	struct map files; /* path -> struct git_file_lines *; all of it in the caller's arena */
};

/* Compares the work tree (untracked files do not count) with the commit from which a change began: the merge base of HEAD and
 * `branch` (origin's before one's own) where HEAD has left it, else `commit`.  Either may be "".  PIPE_ENOTFOUND: what the change began
 * from cannot be found out, and why. */
int git_changed_lines(const char *work_tree, const char *branch, const char *commit, struct git_lines *out, struct arena *a,
		      pipe_error *err);
/* line 0: does the change touch the file at all? */
bool git_lines_touched(const struct git_lines *lines, const char *path, uint32_t line);

#endif
