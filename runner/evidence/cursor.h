/*
 * Rows of the evidence, one after the other, for those who ask in a time of their own (scripts): what read.h hands to a callback.  A cursor
 * holds one statement and stands on one row; however many rows there are, there is one in memory.  The texts of a row live until
 * query_step moves on; query_end closes a cursor.
 */
#ifndef RUNNER_EVIDENCE_CURSOR_H
#define RUNNER_EVIDENCE_CURSOR_H

#include "runner/evidence/read.h"

/* A question of more than scopes (scopes_query is enough for the others).  What it borrows (rule, tool) lives until the cursor is
 * closed.  After a failure there is nothing to close. */
int cursor_tests(struct query *q, struct evidence_db *db, struct scopes scopes, const struct test_question *question,
		 pipe_error *err);
int cursor_test_one(struct query *q, struct evidence_db *db, const struct test_key *key, pipe_error *err);
int cursor_findings(struct query *q, struct evidence_db *db, struct scopes scopes, const struct finding_question *question,
		    pipe_error *err);

/* The row that a statement of that sort stands on.  Which job has it; and the value, PIPE_ESTORE where a number means nothing. */
uint32_t row_job(const struct query *q);
int row_test(const struct query *q, struct evidence_test *out, pipe_error *err);
int row_finding(const struct query *q, struct evidence_finding *out, const unsigned char **fingerprint, pipe_error *err);
void row_metric(const struct query *q, struct evidence_metric *out);
void row_component(const struct query *q, struct evidence_component *out);
void row_image(const struct query *q, struct evidence_image *out);
void row_condition(const struct query *q, struct stage_condition *out);

#endif
