/*
 * Paths in reports of tools that ran in a directory of the workspace: they mean files below that directory, and the evidence speaks of
 * files of the workspace.  A path that is there below the directory is meant so; any other one stays as it is.  What was rendered outside
 * the workspace is named as if it lay in the directory that it was rendered from.
 */
#ifndef RUNNER_STAGE_REBASE_H
#define RUNNER_STAGE_REBASE_H

#include "base/arena.h"
#include "base/map.h"

struct rebase {
	const char *workspace; /* absolute */
	const char *directory; /* below it; "" or NULL: the workspace itself */
	const char
		*rendered; /* what lies there was made out of `directory` (struct stage_report); NULL: there is no such place */
	const char *root;  /* `rendered` as it stands in clean paths; NULL: not known yet */
	struct map known;
	struct arena arena; /* of what is known; bounded */
};

/* Of another directory. */
void rebase_set(struct rebase *r, const char *workspace, const char *directory, const char *rendered);
/* A clean path; the result lives until the next call.  NULL: no memory. */
const char *rebase_path(struct rebase *r, const char *path);
void rebase_clear(struct rebase *r);

#endif
