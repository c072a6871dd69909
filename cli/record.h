/* Records of the history as JSON, the same wherever they appear (docs/events.md). */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "base/json.h"
#include "pipe.h"

void record_run(struct json *j, const pipe_run_record *run);
void record_job(struct json *j, const pipe_job_record *job);
void record_transition(struct json *j, const pipe_transition_record *t);
void record_artifact(struct json *j, const pipe_artifact_record *a);
/* As in the event "evidence". */
void record_evidence(struct json *j, const pipe_evidence *e);
void record_test(struct json *j, const pipe_test_record *t);
void record_unreliable(struct json *j, const pipe_unreliable_record *t);
void record_finding(struct json *j, const pipe_finding_record *f);
void record_coverage(struct json *j, const pipe_coverage_record *c);
void record_condition(struct json *j, const pipe_condition_record *c);
void record_note(struct json *j, const pipe_note_record *n);
void record_report(struct json *j, const pipe_report_record *r);

#endif
