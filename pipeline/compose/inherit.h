/* `default:` and `inherit:`: what every job has unless it says otherwise. */
#ifndef PIPELINE_INHERIT_H
#define PIPELINE_INHERIT_H

#include "pipeline/compose/loading.h"

/* The root whose jobs (hidden ones excluded) have the defaults that they lack; the root itself when there are none.
 * NULL: no memory. */
struct node *inherit_defaults(struct loading *l, struct node *root);

#endif
