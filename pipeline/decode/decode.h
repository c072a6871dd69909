/* From the merged document to the model. */
#ifndef PIPELINE_DECODE_H
#define PIPELINE_DECODE_H

#include "pipeline/document/diagnostic.h"
#include "pipeline/keyword/uses.h"
#include "pipeline/model.h"

/* Decodes the merged document (include, references, extends and default/inherit are done) into *p: checks every keyword against the
 * table, fills p->stages, variables, workflow, jobs.  Returns PIPE_OK, PIPE_EPIPELINE (d has errors; p holds what could be
 * understood), PIPE_ENOMEM.  uses (may be NULL): the types that `uses` may name; the model points to them. */
int pipeline_decode(struct pipeline *p, struct arena *a, const struct node *root, const pipe_limits *limits,
		    const struct uses_types *uses, struct diagnostics *d);

#endif
