/* `include`: one pipeline file with everything that it includes, as one map. */
#ifndef PIPELINE_INCLUDE_H
#define PIPELINE_INCLUDE_H

#include "pipeline/compose/inputs.h"

/* A file on its way in, and the files that include it. */
struct include_file {
	const struct include_file *up; /* NULL: the pipeline file itself */
	const char *identity;	       /* what tells it from other files: kind, project, commit and path */
	unsigned depth;		       /* files above it */
	struct include_reply reply;
	struct mark at; /* the include that brought it */
	struct input_giver giver;
	bool lua;		 /* a Lua file that returns the pipeline */
	const struct node *with; /* its ctx.with; or NULL */
};

/* Reads the pipeline file itself.  The merged map without `include` and header; NULL: it cannot be understood at all (reported), or
 * no memory. */
struct node *include_entry(struct loading *l);

/* ---- between the parts of the room ---- */

/* What a file's text holds. */
struct include_documents {
	struct node *header, *content; /* or NULL */
	struct mark start;
};
/* False: it cannot be read, which was reported (include.c). */
bool include_parse(struct loading *l, struct include_file *f, struct include_documents *out);
/* Brings the files of `spec:include` into the declarations of the header (spec_include.c).  False: reported. */
bool spec_include(struct loading *l, struct include_file *f, struct node **header);
/* From text to a merged map (include.c). */
struct node *include_content(struct loading *l, struct include_file *f);

/* One thing to include, as written in one item of `include` (include_item.c). */
struct include_item {
	struct mark at;
	enum include_kind kind;
	const struct node *place; /* of the local path, URL, project, template or component: for messages */
	const char *location;	  /* variables expanded; for a project, the project */
	const struct node *files; /* INCLUDE_PROJECT: text or a list */
	const struct node *ref, *integrity, *rules, *values; /* or NULL */
	bool lua;					     /* `lua`: local, and in Lua */
	const struct node *with;			     /* beside it; or NULL */
};
/* False: wrong, and reported. */
bool include_item_parse(struct include_item *item, struct loading *l, const struct node *n, const struct scope *scope);
/* A path in a project: variables expanded, without leading "/"; lua: of a Lua file, otherwise of a YAML file.  NULL: wrong, and
 * reported. */
const char *include_path(struct loading *l, const struct node *n, const char *expanded, bool lua);
/* What a Lua file returns (include_lua.c); NULL: reported. */
struct node *include_lua(struct loading *l, const struct include_file *f, uint16_t source);
/* Is one of the path's segments "." or ".."? */
bool include_leaves(const char *path);
/* The text with its variables; NULL: it is no text or becomes nothing, and that was reported. */
const char *include_expand(struct loading *l, const struct node *n, const struct scope *scope);

/* `include:rules`: 1: to be included, 0: not, -1: wrong and reported (include_rules.c). */
int include_rules(struct loading *l, const struct node *rules, const struct include_origin *from, const struct scope *scope);

/* Brings the files of one item: calls `found` for each, in order (include_fetch.c).  False: something is missing, and reported. */
typedef bool include_found(void *context, struct include_file *f);
bool include_fetch(struct loading *l, const struct include_file *up, const struct include_item *item, const struct scope *scope,
		   include_found *found, void *context);

#endif
