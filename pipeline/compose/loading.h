/* A load in progress: what the steps of load.c share.  Private to the steps; nothing here outlives pipeline_load. */
#ifndef PIPELINE_LOADING_H
#define PIPELINE_LOADING_H

#include "pipeline/load.h"

/* An input of the command line: "KEY=VALUE" for the pipeline file, or for included files that declare it when the pipeline file
 * does not; "NAME:KEY=VALUE" only for the included file or component NAME. */
struct given_input {
	const char *target; /* NAME; NULL: any file */
	const char *name, *value;
	bool used; /* a file declares it */
	bool own;  /* the pipeline file itself does */
};

struct loading {
	struct arena *arena;
	const struct load_options *options;
	struct diagnostics *d;
	uint64_t bytes;	       /* of texts read and interpolated so far, against limits.total_bytes */
	uint64_t nodes;	       /* made by merging and interpolating so far, against limits.nodes */
	uint32_t includes;     /* files included so far, against limits.includes */
	bool incomplete;       /* a file is missing and that was reported: what is not found later may have been in it */
	bool template_missing; /* a template of GitLab's is missing, which is no error by itself */
	bool over;	       /* limits.nodes was passed, and that was reported */
	bool references;       /* some text holds a !reference */
	bool extends;	       /* some text may hold a key "extends" */
	struct lua_reader lua; /* brings pieces of Lua */
	VEC(struct given_input) given;
	VEC(const char *) declared; /* names of all inputs that were declared, for "did you mean" */
};

/* Counts against limits.total_bytes or limits.nodes; false: too much, reported at `at` (once a place). */
bool loading_bytes(struct loading *l, struct mark at, uint64_t bytes);
bool loading_nodes(struct loading *l, struct mark at, uint64_t nodes);

#endif
