#include "runner/evidence/read.h"

#include "base/error.h"
#include "runner/evidence/cursor.h"

/* A caller's callback, of whichever kind, and how a row becomes its argument. */
struct reader {
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

static int each_in(struct evidence_db *db, enum evidence_statement id, struct scopes scopes, query_row one, struct reader *r,
		   pipe_error *err)
{
	struct query q;
	int rc = scopes_query(&q, db, id, scopes, err);

	return rc ? rc : query_each(&q, one, r, err);
}

/* ---- tests ---- */

static int one_test(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	struct evidence_test t;
	int rc = row_test(q, &t, err);

	return rc ? rc : r->each.test(r->payload, row_job(q), &t) != 0;
}

int read_tests(struct evidence_db *db, struct scopes scopes, const struct test_question *question,
	       int (*each)(void *, uint32_t, const struct evidence_test *), void *payload, pipe_error *err)
{
	struct reader r = { .each.test = each, .payload = payload };
	struct query q;
	int rc = cursor_tests(&q, db, scopes, question, err);

	return rc ? rc : query_each(&q, one_test, &r, err);
}

int read_test(struct evidence_db *db, const struct test_key *key, int (*each)(void *, uint32_t, const struct evidence_test *),
	      void *payload, pipe_error *err)
{
	struct reader r = { .each.test = each, .payload = payload };
	struct query q;
	int rc = cursor_test_one(&q, db, key, err);

	return rc ? rc : query_each(&q, one_test, &r, err);
}

/* ---- findings ---- */

static int one_finding(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	const unsigned char *fingerprint;
	struct evidence_finding f;
	int rc = row_finding(q, &f, &fingerprint, err);

	return rc ? rc : r->each.finding(r->payload, row_job(q), &f, fingerprint) != 0;
}

int read_findings(struct evidence_db *db, struct scopes scopes, const struct finding_question *question,
		  int (*each)(void *, uint32_t, const struct evidence_finding *, const unsigned char *), void *payload,
		  pipe_error *err)
{
	struct reader r = { .each.finding = each, .payload = payload };
	struct query q;
	int rc = cursor_findings(&q, db, scopes, question, err);

	return rc ? rc : query_each(&q, one_finding, &r, err);
}

int read_finding(struct evidence_db *db, int64_t scope, int64_t issue,
		 int (*each)(void *, uint32_t, const struct evidence_finding *, const unsigned char *), void *payload,
		 pipe_error *err)
{
	struct reader r = { .each.finding = each, .payload = payload };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_FINDING_ONE, err);

	if (rc)
		return rc;
	query_bind_int(&q, scope);
	query_bind_int(&q, issue);
	return query_each(&q, one_finding, &r, err);
}

/* ---- the rest ---- */

static int one_metric(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	struct evidence_metric value;

	(void)err;
	row_metric(q, &value);
	return r->each.metric(r->payload, row_job(q), &value) != 0;
}

int read_metrics(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct evidence_metric *),
		 void *payload, pipe_error *err)
{
	struct reader r = { .each.metric = each, .payload = payload };

	return each_in(db, EQ_METRICS, scopes, one_metric, &r, err);
}

static int one_component(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	struct evidence_component value;

	(void)err;
	row_component(q, &value);
	return r->each.component(r->payload, row_job(q), &value) != 0;
}

int read_components(struct evidence_db *db, struct scopes scopes,
		    int (*each)(void *, uint32_t, const struct evidence_component *), void *payload, pipe_error *err)
{
	struct reader r = { .each.component = each, .payload = payload };

	return each_in(db, EQ_COMPONENTS, scopes, one_component, &r, err);
}

static int one_image(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	struct evidence_image value;

	(void)err;
	row_image(q, &value);
	return r->each.image(r->payload, row_job(q), &value) != 0;
}

int read_images(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct evidence_image *),
		void *payload, pipe_error *err)
{
	struct reader r = { .each.image = each, .payload = payload };

	return each_in(db, EQ_IMAGES, scopes, one_image, &r, err);
}

static int one_condition(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	struct stage_condition value;

	(void)err;
	row_condition(q, &value);
	return r->each.condition(r->payload, row_job(q), &value) != 0;
}

int read_conditions(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct stage_condition *),
		    void *payload, pipe_error *err)
{
	struct reader r = { .each.condition = each, .payload = payload };

	return each_in(db, EQ_CONDITIONS, scopes, one_condition, &r, err);
}

static int one_report(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;
	struct report_row row = { query_text(q, 1), query_text(q, 2), query_text(q, 3), query_count(q, 4), query_count(q, 5) };

	(void)err;
	return r->each.report(r->payload, row_job(q), &row) != 0;
}

int read_reports(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct report_row *),
		 void *payload, pipe_error *err)
{
	struct reader r = { .each.report = each, .payload = payload };

	return each_in(db, EQ_REPORTS, scopes, one_report, &r, err);
}

static int one_job(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;

	(void)err;
	return r->each.job(r->payload, row_job(q), query_text(q, 1)) != 0;
}

int read_jobs(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const char *), void *payload,
	      pipe_error *err)
{
	struct reader r = { .each.job = each, .payload = payload };

	return each_in(db, EQ_JOBS, scopes, one_job, &r, err);
}

static int one_run(struct query *q, void *reader, pipe_error *err)
{
	struct reader *r = reader;

	(void)err;
	return r->each.run(r->payload, query_int(q, 0)) != 0;
}

int read_runs(struct evidence_db *db, int (*each)(void *, int64_t), void *payload, pipe_error *err)
{
	struct reader r = { .each.run = each, .payload = payload };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_GC_RUNS, err);

	return rc ? rc : query_each(&q, one_run, &r, err);
}
