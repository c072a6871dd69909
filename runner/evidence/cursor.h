/*
 * Rows of the evidence, one after the other, for those who ask in a time of their own (scripts): what read.h hands to a callback.  A cursor
 * holds one statement and stands on one row; however many rows there are, there is one in memory.  The texts of a row live until
 * the cursor moves on or is closed.
 */
#ifndef RUNNER_EVIDENCE_CURSOR_H
#define RUNNER_EVIDENCE_CURSOR_H

#include "runner/evidence/read.h"

struct evidence_cursor {
	struct query q;
	bool open;
};

/* What a question borrows (rule, tool) lives until the cursor is closed.  After a failure there is nothing to close. */
int cursor_tests(struct evidence_cursor *c, struct evidence_db *db, struct scopes scopes, const struct test_question *question,
		 pipe_error *err);
int cursor_test_one(struct evidence_cursor *c, struct evidence_db *db, const struct test_key *key, pipe_error *err);
int cursor_findings(struct evidence_cursor *c, struct evidence_db *db, struct scopes scopes,
		    const struct finding_question *question, pipe_error *err);
int cursor_metrics(struct evidence_cursor *c, struct evidence_db *db, struct scopes scopes, pipe_error *err);
int cursor_components(struct evidence_cursor *c, struct evidence_db *db, struct scopes scopes, pipe_error *err);
int cursor_images(struct evidence_cursor *c, struct evidence_db *db, struct scopes scopes, pipe_error *err);
int cursor_conditions(struct evidence_cursor *c, struct evidence_db *db, struct scopes scopes, pipe_error *err);

/* 1: on the next row, 0: there are no more, a negative pipe_code; then the cursor is closed. */
int cursor_next(struct evidence_cursor *c, pipe_error *err);
/* Of a closed one too. */
void cursor_close(struct evidence_cursor *c);

/* The row that a statement of that sort stands on.  Which job has it; and the value, PIPE_ESTORE where a number means nothing. */
uint32_t row_job(const struct query *q);
int row_test(const struct query *q, struct evidence_test *out, pipe_error *err);
int row_finding(const struct query *q, struct evidence_finding *out, const unsigned char **fingerprint, pipe_error *err);
void row_metric(const struct query *q, struct evidence_metric *out);
void row_component(const struct query *q, struct evidence_component *out);
void row_image(const struct query *q, struct evidence_image *out);
void row_condition(const struct query *q, struct stage_condition *out);

#endif
