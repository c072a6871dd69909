#include "runner/evidence/read.h"

#include "base/error.h"
#include <math.h>

/* A caller's callback, of whichever kind, and how a row becomes its argument. */
struct reader {
	struct evidence_db *db;
	union {
		int (*test)(void *, uint32_t, const struct evidence_test *);
		int (*finding)(void *, uint32_t, const struct evidence_finding *, const unsigned char *);
		int (*metric)(void *, uint32_t, const struct evidence_metric *);
		int (*component)(void *, uint32_t, const struct evidence_component *);
		int (*image)(void *, uint32_t, const struct evidence_image *);
		int (*condition)(void *, uint32_t, const struct stage_condition *);
		int (*report)(void *, uint32_t, const struct report_row *);
		int (*job)(void *, uint32_t, const char *);
		int (*run)(void *, int64_t);
	} each;
	void *payload;
};

/* Goes through the rows of a query that is bound, until there are no more or one() says stop (1) or an error. */
static int each_row(struct query *q, int (*one)(struct query *, struct reader *, pipe_error *), struct reader *r, pipe_error *err)
{
	int rc;

	while ((rc = query_step(q, err)) == 1) {
		rc = one(q, r, err);
		if (rc) {
			query_end(q);
			return rc < 0 ? rc : PIPE_OK;
		}
	}
	return rc;
}

static int each_in(struct evidence_db *db, enum evidence_statement id, struct scopes scopes,
		   int (*one)(struct query *, struct reader *, pipe_error *), struct reader *r, pipe_error *err)
{
	struct query q;
	int rc = scopes_query(&q, db, id, scopes, err);

	return rc ? rc : each_row(&q, one, r, err);
}

static uint32_t job_at(const struct query *q)
{
	return job_of_scope(query_int(q, 0));
}

static uint32_t small(const struct query *q, int column)
{
	int64_t value = query_int(q, column);

	return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* ---- tests ---- */

static int one_test(struct query *q, struct reader *r, pipe_error *err)
{
	int64_t status = query_int(q, 5), flags = query_int(q, 6);
	struct evidence_test t = { .suite = query_text(q, 1),
				   .name = query_text(q, 2),
				   .file = query_text(q, 3),
				   .line = small(q, 4),
				   .status = (uint8_t)status,
				   .expected = flags & TEST_EXPECTED,
				   .duration_us = query_int(q, 7),
				   .failures = small(q, 8),
				   .message = query_text(q, 9),
				   .details = query_text(q, 10),
				   .quarantined = flags & TEST_QUARANTINED };

	if (status < 0 || status >= TEST_STATUS_COUNT)
		return store_damaged(r->db->store, "it holds a state of a test that does not exist", err);
	return r->each.test(r->payload, job_at(q), &t) != 0;
}

int read_tests(struct evidence_db *db, struct scopes scopes, const struct test_question *question,
	       int (*each)(void *, uint32_t, const struct evidence_test *), void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.test = each, .payload = payload };
	struct query q;
	int rc = scopes_query(&q, db, question->slowest ? EQ_TESTS_SLOWEST : EQ_TESTS, scopes, err);

	if (rc)
		return rc;
	query_bind_int(&q, question->statuses ? question->statuses : (1u << TEST_STATUS_COUNT) - 1);
	query_bind_int(&q, question->quarantined);
	query_bind_int(&q, question->limit && question->limit < INT64_MAX ? (int64_t)question->limit : -1);
	return each_row(&q, one_test, &r, err);
}

int read_test(struct evidence_db *db, const struct test_key *key, int (*each)(void *, uint32_t, const struct evidence_test *),
	      void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.test = each, .payload = payload };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_TEST_ONE, err);

	if (rc)
		return rc;
	query_bind_int(&q, key->scope);
	query_bind_int(&q, key->tcase);
	query_bind_int(&q, key->status);
	query_bind_int(&q, key->number);
	return each_row(&q, one_test, &r, err);
}

/* ---- findings ---- */

static int one_finding(struct query *q, struct reader *r, pipe_error *err)
{
	int64_t kind = query_int(q, 1), severity = query_int(q, 2);
	struct evidence_finding f = { .kind = (uint8_t)kind,
				      .severity = (uint8_t)severity,
				      .suppressed = query_int(q, 3) != 0,
				      .tool = query_text(q, 4),
				      .rule = query_text(q, 5),
				      .path = query_text(q, 6),
				      .line = small(q, 7),
				      .column = small(q, 8),
				      .end_line = small(q, 9),
				      .message = query_text(q, 10),
				      .fingerprint = "",
				      .package = query_text(q, 11),
				      .installed = query_text(q, 12),
				      .fixed = query_text(q, 13),
				      .url = query_text(q, 14) };
	const unsigned char *fingerprint = sqlite3_column_blob(q->stmt, 15);

	if (kind < 0 || kind >= FINDING_KIND_COUNT || severity < 0 || severity >= SEVERITY_COUNT || !fingerprint ||
	    sqlite3_column_bytes(q->stmt, 15) != 16)
		return store_damaged(r->db->store, "it holds a kind of finding that does not exist", err);
	return r->each.finding(r->payload, job_at(q), &f, fingerprint) != 0;
}

int read_findings(struct evidence_db *db, struct scopes scopes, const struct finding_question *question,
		  int (*each)(void *, uint32_t, const struct evidence_finding *, const unsigned char *), void *payload,
		  pipe_error *err)
{
	struct reader r = { .db = db, .each.finding = each, .payload = payload };
	struct query q;
	int rc = scopes_query(&q, db, EQ_FINDINGS, scopes, err);

	if (rc)
		return rc;
	query_bind_int(&q, question->kinds ? question->kinds : (1u << FINDING_KIND_COUNT) - 1);
	query_bind_int(&q, question->least);
	query_bind_int(&q, question->most);
	query_bind_int(&q, question->fixable);
	query_bind_int(&q, question->suppressed);
	query_bind_text(&q, question->rule);
	query_bind_text(&q, question->tool);
	query_bind_int(&q, question->known.first);
	query_bind_int(&q, question->known.last);
	return each_row(&q, one_finding, &r, err);
}

int read_finding(struct evidence_db *db, int64_t scope, int64_t issue,
		 int (*each)(void *, uint32_t, const struct evidence_finding *, const unsigned char *), void *payload,
		 pipe_error *err)
{
	struct reader r = { .db = db, .each.finding = each, .payload = payload };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_FINDING_ONE, err);

	if (rc)
		return rc;
	query_bind_int(&q, scope);
	query_bind_int(&q, issue);
	return each_row(&q, one_finding, &r, err);
}

/* ---- the rest ---- */

static int one_metric(struct query *q, struct reader *r, pipe_error *err)
{
	bool is_number = sqlite3_column_type(q->stmt, 3) != SQLITE_NULL;
	struct evidence_metric m = { query_text(q, 1), query_text(q, 2), is_number ? sqlite3_column_double(q->stmt, 3) : NAN,
				     query_text(q, 4), query_text(q, 5) };

	(void)err;
	return r->each.metric(r->payload, job_at(q), &m) != 0;
}

int read_metrics(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct evidence_metric *),
		 void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.metric = each, .payload = payload };

	return each_in(db, EQ_METRICS, scopes, one_metric, &r, err);
}

static int one_component(struct query *q, struct reader *r, pipe_error *err)
{
	struct evidence_component c = { query_text(q, 1), query_text(q, 2), query_text(q, 3), query_text(q, 4),
					query_text(q, 5) };

	(void)err;
	return r->each.component(r->payload, job_at(q), &c) != 0;
}

int read_components(struct evidence_db *db, struct scopes scopes,
		    int (*each)(void *, uint32_t, const struct evidence_component *), void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.component = each, .payload = payload };

	return each_in(db, EQ_COMPONENTS, scopes, one_component, &r, err);
}

static int one_image(struct query *q, struct reader *r, pipe_error *err)
{
	int64_t bytes = query_int(q, 3);
	struct evidence_image i = { query_text(q, 1), query_text(q, 2), bytes < 0 ? 0 : (uint64_t)bytes };

	(void)err;
	return r->each.image(r->payload, job_at(q), &i) != 0;
}

int read_images(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct evidence_image *),
		void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.image = each, .payload = payload };

	return each_in(db, EQ_IMAGES, scopes, one_image, &r, err);
}

static int one_condition(struct query *q, struct reader *r, pipe_error *err)
{
	struct stage_condition c = { query_text(q, 1), query_text(q, 2), query_text(q, 3), query_text(q, 4), query_text(q, 5) };

	(void)err;
	return r->each.condition(r->payload, job_at(q), &c) != 0;
}

int read_conditions(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct stage_condition *),
		    void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.condition = each, .payload = payload };

	return each_in(db, EQ_CONDITIONS, scopes, one_condition, &r, err);
}

static int one_report(struct query *q, struct reader *r, pipe_error *err)
{
	struct report_row row = { query_text(q, 1), query_text(q, 2), query_text(q, 3), small(q, 4), small(q, 5) };

	(void)err;
	return r->each.report(r->payload, job_at(q), &row) != 0;
}

int read_reports(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct report_row *),
		 void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.report = each, .payload = payload };

	return each_in(db, EQ_REPORTS, scopes, one_report, &r, err);
}

static int one_job(struct query *q, struct reader *r, pipe_error *err)
{
	(void)err;
	return r->each.job(r->payload, job_at(q), query_text(q, 1)) != 0;
}

int read_jobs(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const char *), void *payload,
	      pipe_error *err)
{
	struct reader r = { .db = db, .each.job = each, .payload = payload };

	return each_in(db, EQ_JOBS, scopes, one_job, &r, err);
}

static int one_run(struct query *q, struct reader *r, pipe_error *err)
{
	(void)err;
	return r->each.run(r->payload, query_int(q, 0)) != 0;
}

int read_runs(struct evidence_db *db, int (*each)(void *, int64_t), void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.run = each, .payload = payload };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_GC_RUNS, err);

	return rc ? rc : each_row(&q, one_run, &r, err);
}
