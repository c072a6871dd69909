/* `!reference [job, key, ...]`: a value from somewhere else. */
#ifndef PIPELINE_REFERENCE_H
#define PIPELINE_REFERENCE_H

#include "pipeline/compose/loading.h"

/* The root with what each !reference means in its place; the root itself when there is none.  Reports targets that do not exist,
 * loops and nesting beyond LIMIT_REFERENCE_DEPTH.  NULL: no memory. */
struct node *reference_resolve(struct loading *l, struct node *root);

#endif
