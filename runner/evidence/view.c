/* The evidence as a stage sees it: answers from the database for one job, its run, and its baseline. */
#include "base/error.h"
#include "base/str.h"
#include "runner/evidence/compare.h"
#include <inttypes.h>
#include <math.h>
#include <time.h>

static struct scopes side_scopes(const struct evidence_view_source *v, enum evidence_side side)
{
	if (side == SIDE_BASELINE)
		return scopes_of(v->baseline->run, ALL_JOBS);
	return scopes_of(v->run, side == SIDE_JOB ? v->job : ALL_JOBS);
}

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	struct evidence_view_source *v = payload;

	return totals_read(v->db, side_scopes(v, side), out, err);
}

/* ---- findings ---- */

struct findings {
	const struct changed_lines *changed;
	const struct finding_filter *filter;
	int (*each)(void *, const struct evidence_finding *);
	void *payload;
	uint64_t count;
};

bool changed_touches(const struct changed_lines *changed, const struct evidence_finding *f, bool lines)
{
	uint32_t last = f->end_line > f->line ? f->end_line : f->line;

	if (!changed->touched(changed->payload, f->path, 0))
		return false;
	if (!lines || !f->line) /* without a line it may be any */
		return true;
	for (uint64_t line = f->line; line <= last; line++)
		if (changed->touched(changed->payload, f->path, (uint32_t)line))
			return true;
	return false;
}

static int on_finding(void *payload, uint32_t job, const struct evidence_finding *f, const unsigned char *fingerprint)
{
	struct findings *x = payload;

	(void)job;
	(void)fingerprint;
	if ((x->filter->touched_files || x->filter->touched_lines) && !changed_touches(x->changed, f, x->filter->touched_lines))
		return 0;
	x->count++;
	return x->each ? x->each(x->payload, f) : 0;
}

static int findings(void *payload, enum evidence_side side, const struct finding_filter *filter,
		    int (*each)(void *, const struct evidence_finding *), void *each_payload, uint64_t *count, pipe_error *err)
{
	static const struct finding_filter all;
	struct evidence_view_source *v = payload;
	struct findings x = { v->changed, filter ? filter : &all, each, each_payload, 0 };
	struct finding_question question = FINDING_QUESTION_INIT;
	int rc;

	if ((x.filter->touched_files || x.filter->touched_lines) && v->changed->why_unknown)
		return error_set(err, PIPE_ENOTFOUND, "what changed cannot be found out: %s", v->changed->why_unknown);
	question.kinds = x.filter->kinds;
	question.least = x.filter->severity;
	question.fixable = x.filter->fixable;
	question.suppressed = x.filter->suppressed;
	question.rule = x.filter->rule;
	question.tool = x.filter->tool;
	if (x.filter->only_new && v->baseline->run)
		question.known = scopes_of(v->baseline->run, ALL_JOBS);
	rc = read_findings(v->db, side_scopes(v, side), &question, on_finding, &x, err);
	if (count)
		*count = x.count;
	return rc;
}

/* ---- tests ---- */

struct tests {
	struct evidence_db *db;
	unsigned statuses;
	bool quarantined, stopped;
	int (*each)(void *, const struct evidence_test *);
	void *payload;
	uint64_t count;
};

static int on_test(void *payload, uint32_t job, const struct evidence_test *t)
{
	struct tests *x = payload;

	(void)job;
	x->count++;
	x->stopped = x->each && x->each(x->payload, t) != 0;
	return x->stopped;
}

static int on_pair(void *payload, const struct test_pair *p, pipe_error *err)
{
	struct tests *x = payload;
	int rc;

	if (!test_pair_is_new(p) || !(1u << p->after.status & x->statuses) || (p->after_quarantined && !x->quarantined))
		return PIPE_OK;
	if (!x->each) {
		x->count++;
		return PIPE_OK;
	}
	rc = read_test(x->db, &p->after, on_test, x, err);
	return rc ? rc : x->stopped;
}

static int tests(void *payload, enum evidence_side side, const struct test_filter *filter,
		 int (*each)(void *, const struct evidence_test *), void *each_payload, uint64_t *count, pipe_error *err)
{
	static const struct test_filter all;
	struct evidence_view_source *v = payload;
	struct scopes scopes = side_scopes(v, side);
	struct tests x = { .db = v->db, .each = each, .payload = each_payload };
	struct test_question question = { 0 };
	int rc;

	filter = filter ? filter : &all;
	x.statuses = question.statuses = filter->statuses ? filter->statuses : (1u << TEST_STATUS_COUNT) - 1;
	x.quarantined = filter->quarantined;
	question.quarantined = filter->quarantined ? 1 : 0;
	if (filter->only_new)
		rc = compare_tests(v->db, scopes_of(v->baseline->run, ALL_JOBS), scopes, on_pair, &x, err);
	else
		rc = read_tests(v->db, scopes, &question, on_test, &x, err);
	if (count)
		*count = x.count;
	return rc;
}

/* ---- coverage of the change ---- */

static int changed_coverage(void *payload, uint64_t *lines, uint64_t *hit, bool *known, const char **why, pipe_error *err)
{
	struct evidence_view_source *v = payload;
	const struct changed_lines *changed = v->changed;
	struct coverage_cursor c;
	int rc;

	*lines = *hit = 0;
	*known = !changed->why_unknown;
	*why = changed->why_unknown;
	if (!*known)
		return PIPE_OK;
	rc = coverage_cursor_open(&c, v->db, scopes_of(v->run, ALL_JOBS), err);
	while (!rc && (rc = coverage_cursor_next(&c, err)) == 1) {
		struct coverage_reader r;

		rc = PIPE_OK;
		if (!changed->touched(changed->payload, c.path, 0))
			continue;
		rc = coverage_cursor_lines(&c, &r, err);
		while (!rc && coverage_next(&r))
			if (changed->touched(changed->payload, c.path, r.at.line)) {
				++*lines;
				*hit += r.at.hits > 0;
			}
	}
	coverage_cursor_close(&c);
	return rc;
}

/* ---- numbers ---- */

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	struct evidence_view_source *v = payload;
	struct query q;
	int rc = scopes_query(&q, v->db, EQ_METRIC_SUM, side_scopes(v, side), err);

	*value = 0;
	*found = false;
	if (rc)
		return rc;
	query_bind_text(&q, name);
	rc = query_step(&q, err);
	if (rc != 1)
		return rc;
	*found = query_int(&q, 0) > 0;
	*value = query_int(&q, 2) ? NAN : sqlite3_column_double(q.stmt, 1);
	query_end(&q);
	return PIPE_OK;
}

static int image_bytes(void *payload, enum evidence_side side, uint64_t *bytes, bool *found, pipe_error *err)
{
	struct evidence_view_source *v = payload;
	struct query q;
	int rc = scopes_query(&q, v->db, EQ_IMAGE_LARGEST, side_scopes(v, side), err);

	*bytes = 0;
	*found = false;
	if (!rc)
		rc = query_step(&q, err);
	if (rc != 1)
		return rc;
	*found = query_int(&q, 0) > 0; /* 0 bytes: its size is not known */
	*bytes = (uint64_t)query_int(&q, 0);
	query_end(&q);
	return PIPE_OK;
}

struct times {
	int64_t started_ms, finished_ms;
	uint32_t job;
};

static int take_run(void *payload, const pipe_run_record *run)
{
	struct times *t = payload;

	t->started_ms = run->started_ms;
	t->finished_ms = run->finished_ms;
	return 0;
}

static int take_job(void *payload, const pipe_job_record *job)
{
	struct times *t = payload;

	if (job->index != t->job)
		return 0;
	t->started_ms = job->started_ms;
	t->finished_ms = job->finished_ms;
	return 1;
}

static int duration_ms(void *payload, enum evidence_side side, int64_t *ms, bool *found, pipe_error *err)
{
	struct evidence_view_source *v = payload;
	struct times t = { .job = v->job };
	struct timespec now;
	int rc = PIPE_OK;

	*ms = 0;
	*found = false;
	if (side == SIDE_BASELINE && !v->baseline->run)
		return PIPE_OK;
	if (side == SIDE_JOB)
		rc = store_jobs(v->store, v->run, take_job, &t, err);
	else
		rc = store_run(v->store, side == SIDE_RUN ? v->run : v->baseline->run, take_run, &t, err);
	if (rc || t.started_ms <= 0)
		return rc == PIPE_ENOTFOUND ? PIPE_OK : rc;
	clock_gettime(CLOCK_REALTIME, &now);
	if (!t.finished_ms)
		t.finished_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
	*found = true;
	*ms = t.finished_ms > t.started_ms ? t.finished_ms - t.started_ms : 0;
	return PIPE_OK;
}

/* ---- earlier runs ---- */

static int read_history(struct evidence_view_source *v, const char *runs, int (*each)(void *, const struct test_history *),
			void *each_payload, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, v->db->store, EQ_HISTORY, err);

	if (rc)
		return rc;
	query_bind_text(&q, runs);
	query_bind_text(&q, v->base);
	while ((rc = query_step(&q, err)) == 1) {
		bool timed = sqlite3_column_type(q.stmt, 3) != SQLITE_NULL;
		struct test_history h = { query_text(&q, 0),	      query_text(&q, 1),
					  query_text(&q, 2),	      timed ? query_int(&q, 3) : -1,
					  (uint32_t)query_int(&q, 4), (uint32_t)query_int(&q, 5) };

		if (each(each_payload, &h)) {
			query_end(&q);
			return PIPE_OK;
		}
	}
	return rc;
}

static int history(void *payload, int (*each)(void *, const struct test_history *), void *each_payload, pipe_error *err)
{
	struct evidence_view_source *v = payload;
	struct str runs;
	int rc;

	str_init(&runs);
	rc = history_runs(v->store, SQL_RUNS_OF_FILE, v->run, &runs, err);
	if (!rc)
		rc = read_history(v, runs.data, each, each_payload, err);
	str_clear(&runs);
	return rc;
}

void evidence_view_init(struct evidence_view *view, struct evidence_view_source *source)
{
	const struct evidence_baseline *b = source->baseline;

	*view = (struct evidence_view){ .baseline_run = b->run,
					.baseline_branch = b->run ? b->branch : "",
					.no_baseline = b->run ? NULL : b->why,
					.totals = totals,
					.findings = findings,
					.tests = tests,
					.changed_coverage = changed_coverage,
					.metric = metric,
					.image_bytes = image_bytes,
					.duration_ms = duration_ms,
					.history = history,
					.payload = source };
}
