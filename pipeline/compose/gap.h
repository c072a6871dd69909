/* What a missing file leaves behind. */
#ifndef PIPELINE_GAP_H
#define PIPELINE_GAP_H

#include "pipeline/compose/loading.h"

/* The root with what is needed so that the gap that a missing file leaves (which was reported) is not reported again as faults of
 * the jobs around it; the root itself when nothing is missing.  NULL: no memory. */
struct node *gap_close(struct loading *l, struct node *root);

#endif
