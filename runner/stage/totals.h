/* Totals of evidence as pipe.h shows them. */
#ifndef RUNNER_STAGE_TOTALS_H
#define RUNNER_STAGE_TOTALS_H

#include "stages/evidence.h"

void totals_publish(const struct evidence_totals *t, pipe_evidence *out);
/* Of a job that nobody has reported anything of: a gate leaves conditions, and nothing to add up. */
bool totals_are_nothing(const pipe_evidence *e);

#endif
