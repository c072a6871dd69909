/* `extends`: a job on top of other jobs. */
#ifndef PIPELINE_EXTENDS_H
#define PIPELINE_EXTENDS_H

#include "pipeline/compose/loading.h"

/* The root with every job merged over what it extends; the root itself when nothing extends.  Reports unknown parents, circles and
 * chains that are too long.  NULL: no memory. */
struct node *extends_apply(struct loading *l, struct node *root);

#endif
