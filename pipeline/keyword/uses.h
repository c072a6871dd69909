/*
 * The types of stages that `uses:` may name, as far as the language knows them: a name, help, and the rows of what may stand in
 * `with`.  The floors above bring them (stages/stage.h); whoever reads a file hands the list in.
 */
#ifndef PIPELINE_USES_H
#define PIPELINE_USES_H

#include "pipeline/keyword/keyword.h"

struct uses_type {
	const char *name;		  /* "build" */
	const char *help;		  /* one line */
	const struct keyword *parameters; /* rows of IN_NESTED scope, sorted by name, ended by a row without a name */
	const char *example;		  /* a job, some lines of YAML */
	const char *since;		  /* version of pipe */
	/* The name of a TAKES_INT parameter that unfolds the job like `parallel: N`; or NULL. */
	const char *instances;
	/* What the table cannot say: parameters that exclude or need each other.  with is a map that keyword_check has seen (it may
	 * have reported faults), or NULL where the job has none; at is the place of `uses`.  NULL: nothing to add. */
	void (*check)(const struct node *with, struct mark at, struct diagnostics *d);
};

/* Borrowed, and in the order in which the reference lists them; a NULL ends it. */
struct uses_types {
	const struct uses_type *const *list;
};

/* NULL: there is none (or types is NULL). */
const struct uses_type *uses_find(const struct uses_types *types, const char *name);
/* The nearest name, or NULL. */
const char *uses_nearest(const struct uses_types *types, const char *name);

/* The names with a line of help each, for the page of `uses`. */
void uses_list(const struct uses_types *types, bool colour, struct str *out);
/* The help of a type or of a parameter: "test", "test:reports", "uses:test:reports".  more: it follows another page.  false: there is
 * no such thing, and nothing is written. */
bool uses_explain(const struct uses_types *types, const char *path, bool more, bool colour, struct str *out);
/* The reference of all types, as Markdown. */
void uses_reference(const struct uses_types *types, struct str *out);

#endif
