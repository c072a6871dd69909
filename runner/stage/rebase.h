/*
 * Paths in reports of tools that ran in a directory of the workspace: they mean files below that directory, and the evidence speaks of
 * files of the workspace.  A path that is there below the directory is meant so; any other one stays as it is.
 */
#ifndef RUNNER_STAGE_REBASE_H
#define RUNNER_STAGE_REBASE_H

#include "base/arena.h"
#include "base/map.h"

struct rebase {
	const char *workspace; /* absolute */
	const char *directory; /* below it; "" or NULL: nothing is to be done */
	struct map known;
	struct arena arena; /* of what is known; bounded */
};

/* Of another directory. */
void rebase_set(struct rebase *r, const char *workspace, const char *directory);
/* A clean path; the result lives until the next call.  NULL: no memory. */
const char *rebase_path(struct rebase *r, const char *path);
void rebase_clear(struct rebase *r);

#endif
