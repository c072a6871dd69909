/* From what a dynamic pipeline returned to nodes with places (pipeline.h). */
#ifndef LUA_PIPELINE_NODES_H
#define LUA_PIPELINE_NODES_H

#include "lua/pipeline/pipeline.h"
#include "lua/pipeline/places.h"
#include "lua/syntax/syntax.h"

struct pipeline_nodes {
	const struct lua_pipeline_options *options;
	const struct syntax_tree *tree; /* of the source; NULL: nothing is known of places */
	struct mark whole;		/* what has no other place */
	struct arena *a, *scratch;
	struct diagnostics *d;
	struct constructor_index **indexes; /* by number of the constructor; made when they are needed */
	uint32_t index_count;
	bool wrong; /* something was reported */
};

/* The map that the file is.  NULL: what is wrong is in d. */
struct node *pipeline_nodes_make(struct pipeline_nodes *b, struct pipeline_value *root);

#endif
