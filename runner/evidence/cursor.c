#include "runner/evidence/cursor.h"

#include "base/error.h"
#include <math.h>

/* ---- rows ---- */

uint32_t row_job(const struct query *q)
{
	return job_of_scope(query_int(q, 0));
}

int row_test(const struct query *q, struct evidence_test *out, pipe_error *err)
{
	int64_t status = query_int(q, 5), flags = query_int(q, 6);

	*out = (struct evidence_test){ .suite = query_text(q, 1),
				       .name = query_text(q, 2),
				       .file = query_text(q, 3),
				       .line = query_count(q, 4),
				       .status = (uint8_t)status,
				       .expected = flags & TEST_EXPECTED,
				       .duration_us = query_int(q, 7),
				       .failures = query_count(q, 8),
				       .message = query_text(q, 9),
				       .details = query_text(q, 10),
				       .quarantined = flags & TEST_QUARANTINED };
	if (status < 0 || status >= TEST_STATUS_COUNT)
		return store_damaged(q->store, "it holds a state of a test that does not exist", err);
	return PIPE_OK;
}

int row_finding(const struct query *q, struct evidence_finding *out, const unsigned char **fingerprint, pipe_error *err)
{
	int64_t kind = query_int(q, 1), severity = query_int(q, 2);

	*out = (struct evidence_finding){ .kind = (uint8_t)kind,
					  .severity = (uint8_t)severity,
					  .suppressed = query_int(q, 3) != 0,
					  .tool = query_text(q, 4),
					  .rule = query_text(q, 5),
					  .path = query_text(q, 6),
					  .line = query_count(q, 7),
					  .column = query_count(q, 8),
					  .end_line = query_count(q, 9),
					  .message = query_text(q, 10),
					  .fingerprint = "",
					  .package = query_text(q, 11),
					  .installed = query_text(q, 12),
					  .fixed = query_text(q, 13),
					  .url = query_text(q, 14) };
	*fingerprint = sqlite3_column_blob(q->stmt, 15);
	if (kind < 0 || kind >= FINDING_KIND_COUNT || severity < 0 || severity >= SEVERITY_COUNT || !*fingerprint ||
	    sqlite3_column_bytes(q->stmt, 15) != 16)
		return store_damaged(q->store, "it holds a kind of finding that does not exist", err);
	return PIPE_OK;
}

void row_metric(const struct query *q, struct evidence_metric *out)
{
	bool is_number = sqlite3_column_type(q->stmt, 3) != SQLITE_NULL;

	*out = (struct evidence_metric){ query_text(q, 1), query_text(q, 2), is_number ? sqlite3_column_double(q->stmt, 3) : NAN,
					 query_text(q, 4), query_text(q, 5) };
}

void row_component(const struct query *q, struct evidence_component *out)
{
	*out = (struct evidence_component){ query_text(q, 1), query_text(q, 2), query_text(q, 3), query_text(q, 4),
					    query_text(q, 5) };
}

void row_image(const struct query *q, struct evidence_image *out)
{
	int64_t bytes = query_int(q, 3);

	*out = (struct evidence_image){ query_text(q, 1), query_text(q, 2), bytes < 0 ? 0 : (uint64_t)bytes };
}

void row_condition(const struct query *q, struct stage_condition *out)
{
	*out = (struct stage_condition){ query_text(q, 1), query_text(q, 2), query_text(q, 3), query_text(q, 4),
					 query_text(q, 5) };
}

/* ---- cursors ---- */

int cursor_tests(struct query *q, struct evidence_db *db, struct scopes scopes, const struct test_question *question,
		 pipe_error *err)
{
	int rc = scopes_query(q, db, question->slowest ? EQ_TESTS_SLOWEST : EQ_TESTS, scopes, err);

	if (rc)
		return rc;
	query_bind_int(q, question->statuses ? question->statuses : (1u << TEST_STATUS_COUNT) - 1);
	query_bind_int(q, question->quarantined);
	query_bind_int(q, question->limit && question->limit < INT64_MAX ? (int64_t)question->limit : -1);
	return PIPE_OK;
}

int cursor_test_one(struct query *q, struct evidence_db *db, const struct test_key *key, pipe_error *err)
{
	int rc = query_begin(q, db->store, EQ_TEST_ONE, err);

	if (rc)
		return rc;
	query_bind_int(q, key->scope);
	query_bind_int(q, key->tcase);
	query_bind_int(q, key->status);
	query_bind_int(q, key->number);
	return PIPE_OK;
}

int cursor_findings(struct query *q, struct evidence_db *db, struct scopes scopes, const struct finding_question *question,
		    pipe_error *err)
{
	int rc = scopes_query(q, db, EQ_FINDINGS, scopes, err);

	if (rc)
		return rc;
	query_bind_int(q, question->kinds ? question->kinds : (1u << FINDING_KIND_COUNT) - 1);
	query_bind_int(q, question->least);
	query_bind_int(q, question->most);
	query_bind_int(q, question->fixable);
	query_bind_int(q, question->suppressed);
	query_bind_text(q, question->rule);
	query_bind_text(q, question->tool);
	query_bind_int(q, question->known.first);
	query_bind_int(q, question->known.last);
	return PIPE_OK;
}
