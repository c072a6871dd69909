/* The root map of a pipeline file, which may have tens of thousands of keys: everything here is linear in their number. */
#ifndef PIPELINE_ROOT_H
#define PIPELINE_ROOT_H

#include "base/map.h"
#include "pipeline/document/document.h"

/* name -> struct pair *, borrowed from the map. */
bool root_index(struct map *index, struct arena *a, const struct node *root);
/* The names that mean something at the top level of this root and are no jobs, from the keyword table. */
bool root_keywords(struct map *names, struct arena *a, const struct node *root);
/* Is it a job after all?  A keyword that only we have at the top level gives way to a job of that name. */
bool root_gives_way(const char *keyword, const struct node *value);
/* The map without a key; the map itself when it has no such key.  NULL: no memory. */
struct node *root_without(struct arena *a, struct node *root, const char *key);
/* A list or map of its own with the same children, and room for `more` of them. */
struct node *root_copy(struct arena *a, const struct node *n, uint32_t more);
/* A scalar that is text whatever it looks like; the text is borrowed. */
struct node *root_text(struct arena *a, struct mark at, const char *text, size_t length);
/* Nodes below and with n, as many times as they are seen; stops counting above `most`.  A nesting below `depth` counts as too
 * many. */
uint64_t root_weight(const struct node *n, uint64_t most, uint32_t depth);
/* What stands in for a script whose parts could not be found (and that was reported), so that its absence is not reported too. */
struct node *root_lost_script(struct arena *a, struct mark at);

#endif
