/* Records of the history as JSON, the same wherever they appear (docs/events.md). */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "base/json.h"
#include "pipe.h"

void record_run(struct json *j, const pipe_run_record *run);
void record_job(struct json *j, const pipe_job_record *job);
void record_transition(struct json *j, const pipe_transition_record *t);
void record_artifact(struct json *j, const pipe_artifact_record *a);

#endif
