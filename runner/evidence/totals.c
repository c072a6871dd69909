/* What was counted, of jobs and of runs. */
#include "base/error.h"
#include "runner/evidence/database.h"
#include <string.h>

/* How many jobs have findings, and coverage: what several have must not count twice. */
struct sharing {
	int64_t findings, coverage;
};

static int read_sums(struct evidence_db *db, struct scopes scopes, struct evidence_totals *t, struct sharing *jobs,
		     unsigned *gives, pipe_error *err)
{
	struct query q;
	int rc = scopes_query(&q, db, EQ_TOTALS, scopes, err), column = 0;

	if (!rc)
		rc = query_step(&q, err);
	if (rc != 1)
		return rc;
	for (unsigned i = 0; i < TEST_STATUS_COUNT; i++)
		t->tests[i] = (uint64_t)query_int(&q, column++);
	t->quarantined = (uint64_t)query_int(&q, column++);
	t->quarantined_failed = (uint64_t)query_int(&q, column++);
	t->tests_us = query_int(&q, column++);
	{
		uint64_t *const rest[] = { &t->suppressed,   &t->lines,	  &t->lines_hit, &t->branches,
					   &t->branches_hit, &t->files,	  &t->metrics,	 &t->components,
					   &t->images,	     &t->reports, &t->broken };

		for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
			*rest[i] = (uint64_t)query_int(&q, column++);
	}
	jobs->findings = query_int(&q, column++);
	jobs->coverage = query_int(&q, column++);
	*gives = (unsigned)query_int(&q, column++);
	query_end(&q);
	return PIPE_OK;
}

static int read_findings(struct evidence_db *db, struct scopes scopes, bool shared, struct evidence_totals *t, pipe_error *err)
{
	struct query q;
	int rc = scopes_query(&q, db, shared ? EQ_TOTALS_FINDINGS_ONCE : EQ_TOTALS_FINDINGS, scopes, err);

	if (rc)
		return rc;
	if (shared)
		t->suppressed = 0;
	while ((rc = query_step(&q, err)) == 1) {
		int64_t kind = query_int(&q, 0), severity = query_int(&q, 1);

		if (kind < 0 || kind >= FINDING_KIND_COUNT || severity < 0 || severity >= SEVERITY_COUNT) {
			query_end(&q);
			return store_damaged(db->store, "it holds a kind of finding that does not exist", err);
		}
		if (shared && query_int(&q, 3))
			t->suppressed += (uint64_t)query_int(&q, 2);
		else
			t->findings[kind][severity] += (uint64_t)query_int(&q, 2);
	}
	return rc;
}

static void add_file(struct evidence_totals *t, const struct coverage_counts *c)
{
	t->files++;
	t->lines += c->lines;
	t->lines_hit += c->lines_hit;
	t->branches += c->branches;
	t->branches_hit += c->branches_hit;
}

static int read_coverage(struct evidence_db *db, struct scopes scopes, struct evidence_totals *t, pipe_error *err)
{
	struct coverage_cursor c;
	int rc = coverage_cursor_open(&c, db, scopes, err);

	t->files = t->lines = t->lines_hit = t->branches = t->branches_hit = 0;
	while (!rc && (rc = coverage_cursor_next(&c, err)) == 1) {
		add_file(t, &c.counts);
		rc = PIPE_OK;
	}
	coverage_cursor_close(&c);
	return rc;
}

/* 0 tests are a result where a report of tests was read, and where there are some it does not matter who said so. */
static void set_has(struct evidence_totals *t, unsigned gives)
{
	static const unsigned kinds[FINDING_KIND_COUNT] = {
		[FINDING_ISSUE] = GIVES_ISSUES,
		[FINDING_WARNING] = GIVES_WARNINGS,
		[FINDING_VULNERABILITY] = GIVES_VULNERABILITIES,
		[FINDING_SECRET] = GIVES_SECRETS,
		[FINDING_MISCONFIGURATION] = GIVES_MISCONFIGURATIONS,
		[FINDING_LICENSE] = GIVES_LICENSES,
	};

	t->has_tests = gives & GIVES_TESTS || evidence_tests(t);
	t->has_coverage = gives & GIVES_COVERAGE || t->files;
	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++) {
		t->has_findings[i] = gives & kinds[i];
		for (unsigned j = 0; j < SEVERITY_COUNT; j++)
			t->has_findings[i] = t->has_findings[i] || t->findings[i][j];
	}
}

int totals_read(struct evidence_db *db, struct scopes scopes, struct evidence_totals *out, pipe_error *err)
{
	struct sharing jobs = { 0, 0 };
	unsigned gives = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = read_sums(db, scopes, out, &jobs, &gives, err);
	if (!rc)
		rc = read_findings(db, scopes, jobs.findings > 1, out, err);
	if (!rc && jobs.coverage > 1)
		rc = read_coverage(db, scopes, out, err);
	if (!rc)
		set_has(out, gives);
	return rc;
}
