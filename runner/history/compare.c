/*
 * Two runs side by side, as pipe.h shows them.  What is the same is passed over by its numbers alone (runner/evidence/compare.c); only
 * what is told is looked up.
 */
#include "runner/evidence/compare.h"
#include "base/error.h"
#include "runner/history/evidence_reader.h"
#include "runner/stage/totals.h"
#include <string.h>

enum { SLOWER_TIMES = 2, SLOWER_US = 100000 };

const char *pipe_change_name(enum pipe_change_kind kind)
{
	static const char *const names[] = {
#define X(name, text) text,
		PIPE_CHANGE_MAP(X)
#undef X
	};

	return (unsigned)kind < PIPE_CHANGE_COUNT ? names[kind] : "";
}

struct comparing {
	struct evidence_reader before, after;
	const pipe_compare_options *options;
	int (*each)(void *, const pipe_change_record *);
	void *payload;
	pipe_comparison *result;
	struct evidence_totals was, now;
	/* of the change that is being told */
	pipe_change_record change;
	const struct evidence_reader *of;
	bool stopped;
};

/* Counts a change; true: it is to be told. */
static bool count(struct comparing *c, enum pipe_change_kind kind)
{
	uint64_t n = ++c->result->changes[kind];

	c->change = (pipe_change_record){ .kind = kind };
	return c->each && (!c->options->kinds || c->options->kinds >> kind & 1) && (!c->options->limit || n <= c->options->limit);
}

static int tell(struct comparing *c)
{
	c->stopped = c->each(c->payload, &c->change) != 0;
	return c->stopped;
}

/* ---- tests ---- */

static int on_test(void *payload, uint32_t job, const struct evidence_test *t)
{
	struct comparing *c = payload;
	pipe_test_record record = evidence_test_record(c->of, job, t);

	c->change.test = &record;
	return tell(c);
}

static int tell_test(struct comparing *c, enum pipe_change_kind kind, const struct test_pair *p, pipe_error *err)
{
	bool removed = kind == PIPE_CHANGE_REMOVED_TEST;
	int rc;

	if (!count(c, kind))
		return PIPE_OK;
	c->change.before_us = p->has_before ? p->before_us : -1;
	c->of = removed ? &c->before : &c->after;
	rc = read_test(c->of->db, removed ? &p->before : &p->after, on_test, c, err);
	return rc ? rc : c->stopped;
}

static bool is_bad(uint8_t status)
{
	return status == TEST_FAILED || status == TEST_ERROR;
}

static bool is_slower(const struct test_pair *p)
{
	return p->before_us >= 0 && p->after_us - p->before_us >= SLOWER_US && p->after_us / SLOWER_TIMES >= p->before_us;
}

/* What becomes of a test that both have; PIPE_CHANGE_COUNT: nothing. */
static enum pipe_change_kind change_of(const struct test_pair *p)
{
	uint8_t was = p->before.status, now = p->after.status;

	if (is_bad(now))
		return is_bad(was) ? PIPE_CHANGE_COUNT : PIPE_CHANGE_NEW_FAILURE;
	if (now == TEST_SKIPPED)
		return was == TEST_SKIPPED ? PIPE_CHANGE_COUNT : PIPE_CHANGE_SKIPPED;
	if (now == TEST_FLAKY)
		return was == TEST_FLAKY ? PIPE_CHANGE_COUNT : PIPE_CHANGE_FLAKY;
	if (is_bad(was))
		return PIPE_CHANGE_FIXED;
	return is_slower(p) && was != TEST_SKIPPED ? PIPE_CHANGE_SLOWER : PIPE_CHANGE_COUNT;
}

static int on_pair(void *payload, const struct test_pair *p, pipe_error *err)
{
	struct comparing *c = payload;
	bool before = p->has_before && !p->before_quarantined, after = p->has_after && !p->after_quarantined;
	enum pipe_change_kind kind;
	int rc = PIPE_OK;

	if (before && after) {
		kind = change_of(p);
		return kind == PIPE_CHANGE_COUNT ? PIPE_OK : tell_test(c, kind, p, err);
	}
	/* one that left its quarantine, or went into it, is neither new nor removed */
	if (after && is_bad(p->after.status))
		rc = tell_test(c, PIPE_CHANGE_NEW_FAILURE, p, err);
	if (!rc && after && !p->has_before)
		rc = tell_test(c, PIPE_CHANGE_NEW_TEST, p, err);
	if (!rc && before && !p->has_after)
		rc = tell_test(c, PIPE_CHANGE_REMOVED_TEST, p, err);
	return rc;
}

/* ---- findings ---- */

static int on_finding(void *payload, uint32_t job, const struct evidence_finding *f, const unsigned char *fingerprint)
{
	struct comparing *c = payload;
	char hex[FINGERPRINT_HEX];
	pipe_finding_record record = evidence_finding_record(c->of, job, f, fingerprint, hex);
	c->change.finding = &record;
	return tell(c);
}

static int on_issue(void *payload, const struct finding_change *f, pipe_error *err)
{
	struct comparing *c = payload;
	int rc; /* nobody has looked for it in the later run: that is no repair */
	if (!f->is_new && !c->now.has_findings[f->kind])
		return PIPE_OK;
	if (!count(c, f->is_new ? PIPE_CHANGE_NEW_FINDING : PIPE_CHANGE_FIXED_FINDING))
		return PIPE_OK;
	c->of = f->is_new ? &c->after : &c->before;
	rc = read_finding(c->of->db, f->scope, f->issue, on_finding, c, err);
	return rc ? rc : c->stopped;
}

/* ---- coverage ---- */

static int on_file(void *payload, const char *path, const struct coverage_counts *before, const struct coverage_counts *after,
		   pipe_error *err)
{
	struct comparing *c = payload;
	pipe_coverage_record was, now;

	(void)err;
	if (!count(c, PIPE_CHANGE_COVERAGE))
		return PIPE_OK;
	if (before)
		was = evidence_coverage_record(path, before);
	if (after)
		now = evidence_coverage_record(path, after);
	c->change.was = before ? &was : NULL;
	c->change.now = after ? &now : NULL;
	return tell(c);
}

/* ---- all of it ---- */

/* Of coverage, by a tenth of a per cent or more. */
static bool fell(const struct evidence_totals *was, const struct evidence_totals *now)
{
	if (!was->lines || !now->lines)
		return was->lines > 0;
	return 100.0 * (double)was->lines_hit / (double)was->lines - 100.0 * (double)now->lines_hit / (double)now->lines >
	       0.1 - 1e-9;
}
static bool is_worse(const struct comparing *c)
{
	const struct evidence_totals *was = &c->was, *now = &c->now;

	if (c->result->changes[PIPE_CHANGE_NEW_FAILURE] || c->result->changes[PIPE_CHANGE_NEW_FINDING])
		return true;
	if ((was->has_tests && !now->has_tests) || (was->has_coverage && (!now->has_coverage || fell(was, now))))
		return true;
	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++)
		if (was->has_findings[i] && !now->has_findings[i])
			return true;
	return false;
}

static int compare(struct comparing *c, pipe_error *err)
{
	struct evidence_db *db = c->after.db;
	struct scopes before = c->before.scopes, after = c->after.scopes;
	int rc = totals_read(db, before, &c->was, err);

	if (!rc)
		rc = totals_read(db, after, &c->now, err);
	if (!rc)
		rc = compare_tests(db, before, after, on_pair, c, err);
	if (!rc && !c->stopped)
		rc = compare_findings(db, before, after, on_issue, c, err);
	if (!rc && !c->stopped)
		rc = compare_coverage(db, before, after, on_file, c, err);
	return rc;
}

int pipe_history_compare(pipe_project *project, int64_t before, int64_t after, const pipe_compare_options *opts,
			 int (*each)(void *payload, const pipe_change_record *change), void *payload, pipe_comparison *result,
			 pipe_error *err)
{
	static const pipe_compare_options defaults = PIPE_COMPARE_OPTIONS_INIT;
	struct comparing c = { .options = opts ? opts : &defaults, .each = each, .payload = payload };
	pipe_comparison unseen = { 0 };
	int rc;

	c.result = result ? result : &unseen;
	*c.result = (pipe_comparison){ 0 };
	if (c.options->version != PIPE_COMPARE_OPTIONS_VERSION)
		return error_version(err, "pipe_compare_options", c.options->version, PIPE_COMPARE_OPTIONS_VERSION);
	rc = evidence_reader_open(&c.before, project, before, NULL, err);
	if (!rc)
		rc = evidence_reader_open(&c.after, project, after, NULL, err);
	if (!rc && c.after.db)
		rc = compare(&c, err);
	c.result->before = c.before.run;
	c.result->after = c.after.run;
	totals_publish(&c.was, &c.result->was);
	totals_publish(&c.now, &c.result->now);
	c.result->worse = is_worse(&c);
	evidence_reader_clear(&c.before);
	evidence_reader_clear(&c.after);
	return rc;
}
