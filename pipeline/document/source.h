/*
 * The texts of one load: the pipeline file, what it includes, the command line's variables.  A mark names one by its index.
 * A source's text stays in memory as long as the load's arena, so that a diagnostic can show the line.
 */
#ifndef PIPELINE_SOURCE_H
#define PIPELINE_SOURCE_H

#include "base/arena.h"
#include "base/mark.h"
#include "base/vec.h"
#include <stdbool.h>

struct include_origin; /* pipeline/plan/world.h */

struct source {
	const char *name; /* as the user would name it: "ci/build.yml", "https://…/x.yml", "group/project:file.yml@ref" */
	const char *text; /* NUL-terminated; NULL: cannot be shown */
	size_t length;
	struct mark included;		     /* the include that brought it; line 0: the file itself */
	const struct include_origin *origin; /* whose local files it means; NULL: the project's */
};

struct sources {
	VEC(struct source) list;
};

/* Index of the new source, or -1: no memory, or more than 65,000 of them. */
int sources_add(struct sources *s, struct arena *a, struct source source);
/* Never NULL. */
const char *sources_name(const struct sources *s, struct mark at);
/* The line's text without its end; NULL when it cannot be shown.  Linear in the file's size: for diagnostics only. */
const char *sources_line(const struct sources *s, struct mark at, size_t *length);

/* Where a line begins that was looked for before: going through diagnostics in their order reads each source once. */
struct source_cursor {
	size_t offset, length;
	uint32_t line; /* 0: nothing known yet */
	uint16_t source;
	bool whole; /* length is the line's */
};
/* The same, from the cursor on where that is possible; moves the cursor there. */
const char *sources_line_from(const struct sources *s, struct source_cursor *cursor, struct mark at, size_t *length);

#endif
