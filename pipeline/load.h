/*
 * The whole way from text to model, on one page (load.c):
 *   document_parse -> inputs -> include -> extends -> reference -> default/inherit -> decode
 */
#ifndef PIPELINE_LOAD_H
#define PIPELINE_LOAD_H

#include "pipeline/decode/decode.h"
#include "pipeline/document/diagnostic.h"
#include "pipeline/keyword/uses.h"
#include "pipeline/model.h"
#include "pipeline/plan/world.h"

struct load_options {
	const char *file; /* name of the entry file, in the project */
	const char *text; /* its content; NULL: world->read brings it */
	size_t length;
	const struct include_origin *origin; /* of the entry file; NULL: the project */
	struct node *const *child_inputs;    /* inputs of a child pipeline, a map; or NULL */
	const char *const *inputs;	     /* "KEY=VALUE"; or NULL */
	const struct scope *variables; /* what include:local paths and include:rules may use: predefined and pipeline variables */
	bool assume_changed;
	pipe_limits limits;	       /* defaults filled in */
	const struct uses_types *uses; /* what `uses` may name, to outlive the model; NULL: nothing */
	struct lua_bounds lua_most;    /* of what the file's `lua:limits` may ask for */
	const struct world *world;
};

/* Reads and checks a pipeline file.  Returns PIPE_OK with *out (also when d has warnings), PIPE_EPIPELINE when d has errors (*out is
 * then as much as could be understood, or NULL), PIPE_ENOMEM. */
int pipeline_load(struct pipeline **out, struct arena *a, const struct load_options *options, struct diagnostics *d);

#endif
