/* From the merged document to the model. */
#ifndef PIPELINE_DECODE_H
#define PIPELINE_DECODE_H

#include "pipeline/document/diagnostic.h"
#include "pipeline/keyword/uses.h"
#include "pipeline/lua_code.h"
#include "pipeline/model.h"

/* What `lua:limits` may ask for; 0 in a field: anything. */
struct lua_bounds {
	int64_t cpu_ms, wall_ms;
	uint64_t memory_bytes, output_bytes;
};

struct decode_options {
	const pipe_limits *limits;
	const struct uses_types *uses; /* what `uses` may name, to outlive the model; or NULL */
	struct lua_reader *lua;	       /* brings pieces of Lua; NULL: there is no Lua here */
	struct lua_bounds lua_most;
};

/* Decodes the merged document (include, references, extends and default/inherit are done) into *p: checks every keyword against the
 * table, fills p->stages, variables, workflow, jobs.  Returns PIPE_OK, PIPE_EPIPELINE (d has errors; p holds what could be
 * understood), PIPE_ENOMEM. */
int pipeline_decode(struct pipeline *p, struct arena *a, const struct node *root, const struct decode_options *options,
		    struct diagnostics *d);

/* The value of `lua` in the pipeline file, before it is merged with what the file includes: what is wrong with it is passed over, and is
 * reported when all of it is decoded.  *out NULL: it says nothing that is known yet. */
int decode_lua_early(const struct lua_settings **out, struct arena *a, const struct node *lua, const struct lua_bounds *most);

#endif
