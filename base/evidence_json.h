/* What reports add up to, as JSON: the same members in an event, in the history and in a comparison. */
#ifndef BASE_EVIDENCE_JSON_H
#define BASE_EVIDENCE_JSON_H

#include "base/json.h"
#include "pipe.h"

/* Into the object that is open.  The conditions of a gate, which events alone have, are not among them. */
void jsonw_evidence(struct json *j, const pipe_evidence *e);

#endif
