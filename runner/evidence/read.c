#include "runner/evidence/read.h"

#include "base/error.h"
#include "runner/evidence/cursor.h"

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

/* Goes through the rows of an open cursor, until there are no more or one() says stop (1) or an error. */
static int each_row(struct evidence_cursor *c, int (*one)(struct query *, struct reader *, pipe_error *), struct reader *r,
		    pipe_error *err)
{
	int rc = PIPE_OK;

	while (!rc && (rc = cursor_next(c, err)) == 1)
		rc = one(&c->q, r, err);
	cursor_close(c);
	return rc < 0 ? rc : PIPE_OK;
}

static int each_in(struct evidence_db *db, enum evidence_statement id, struct scopes scopes,
		   int (*one)(struct query *, struct reader *, pipe_error *), struct reader *r, pipe_error *err)
{
	struct evidence_cursor c = { .open = true };
	int rc = scopes_query(&c.q, db, id, scopes, err);

	return rc ? rc : each_row(&c, one, r, err);
}

static uint32_t small(const struct query *q, int column)
{
	int64_t value = query_int(q, column);

	return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* ---- tests ---- */

static int one_test(struct query *q, struct reader *r, pipe_error *err)
{
	struct evidence_test t;
	int rc = row_test(q, &t, err);

	return rc ? rc : r->each.test(r->payload, row_job(q), &t) != 0;
}

int read_tests(struct evidence_db *db, struct scopes scopes, const struct test_question *question,
	       int (*each)(void *, uint32_t, const struct evidence_test *), void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.test = each, .payload = payload };
	struct evidence_cursor c;
	int rc = cursor_tests(&c, db, scopes, question, err);

	return rc ? rc : each_row(&c, one_test, &r, err);
}

int read_test(struct evidence_db *db, const struct test_key *key, int (*each)(void *, uint32_t, const struct evidence_test *),
	      void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.test = each, .payload = payload };
	struct evidence_cursor c;
	int rc = cursor_test_one(&c, db, key, err);

	return rc ? rc : each_row(&c, one_test, &r, err);
}

/* ---- findings ---- */

static int one_finding(struct query *q, struct reader *r, pipe_error *err)
{
	const unsigned char *fingerprint;
	struct evidence_finding f;
	int rc = row_finding(q, &f, &fingerprint, err);

	return rc ? rc : r->each.finding(r->payload, row_job(q), &f, fingerprint) != 0;
}

int read_findings(struct evidence_db *db, struct scopes scopes, const struct finding_question *question,
		  int (*each)(void *, uint32_t, const struct evidence_finding *, const unsigned char *), void *payload,
		  pipe_error *err)
{
	struct reader r = { .db = db, .each.finding = each, .payload = payload };
	struct evidence_cursor c;
	int rc = cursor_findings(&c, db, scopes, question, err);

	return rc ? rc : each_row(&c, one_finding, &r, err);
}

int read_finding(struct evidence_db *db, int64_t scope, int64_t issue,
		 int (*each)(void *, uint32_t, const struct evidence_finding *, const unsigned char *), void *payload,
		 pipe_error *err)
{
	struct reader r = { .db = db, .each.finding = each, .payload = payload };
	struct evidence_cursor c = { .open = true };
	int rc = query_begin(&c.q, db->store, EQ_FINDING_ONE, err);

	if (rc)
		return rc;
	query_bind_int(&c.q, scope);
	query_bind_int(&c.q, issue);
	return each_row(&c, one_finding, &r, err);
}

/* ---- the rest ---- */

static int one_metric(struct query *q, struct reader *r, pipe_error *err)
{
	struct evidence_metric value;

	(void)err;
	row_metric(q, &value);
	return r->each.metric(r->payload, row_job(q), &value) != 0;
}

int read_metrics(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct evidence_metric *),
		 void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.metric = each, .payload = payload };

	return each_in(db, EQ_METRICS, scopes, one_metric, &r, err);
}

static int one_component(struct query *q, struct reader *r, pipe_error *err)
{
	struct evidence_component value;

	(void)err;
	row_component(q, &value);
	return r->each.component(r->payload, row_job(q), &value) != 0;
}

int read_components(struct evidence_db *db, struct scopes scopes,
		    int (*each)(void *, uint32_t, const struct evidence_component *), void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.component = each, .payload = payload };

	return each_in(db, EQ_COMPONENTS, scopes, one_component, &r, err);
}

static int one_image(struct query *q, struct reader *r, pipe_error *err)
{
	struct evidence_image value;

	(void)err;
	row_image(q, &value);
	return r->each.image(r->payload, row_job(q), &value) != 0;
}

int read_images(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t, const struct evidence_image *),
		void *payload, pipe_error *err)
{
	struct reader r = { .db = db, .each.image = each, .payload = payload };

	return each_in(db, EQ_IMAGES, scopes, one_image, &r, err);
}

static int one_condition(struct query *q, struct reader *r, pipe_error *err)
{
	struct stage_condition value;

	(void)err;
	row_condition(q, &value);
	return r->each.condition(r->payload, row_job(q), &value) != 0;
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
	return r->each.report(r->payload, row_job(q), &row) != 0;
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
	return r->each.job(r->payload, row_job(q), query_text(q, 1)) != 0;
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
	struct evidence_cursor c = { .open = true };
	int rc = query_begin(&c.q, db->store, EQ_GC_RUNS, err);

	return rc ? rc : each_row(&c, one_run, &r, err);
}
