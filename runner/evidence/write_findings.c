/*
 * Findings.  The nth of one fingerprint in a job is a finding of its own, unless it is the very same: a warning in a header comes once
 * for each file that includes it.  Which one is the same is told by its line and column; without a line nothing is.
 */
#include "base/error.h"
#include "runner/evidence/database.h"

/* What stands beside the issue in a finding's row. */
struct finding_words {
	int64_t message, installed, fixed, url;
};

static int find_words(struct evidence_db *db, const struct evidence_finding *f, struct finding_words *w, pipe_error *err)
{
	int rc = word_id(db, f->message, &w->message, err);

	if (!rc)
		rc = word_id(db, f->installed, &w->installed, err);
	if (!rc)
		rc = word_id(db, f->fixed, &w->fixed, err);
	return rc ? rc : word_id(db, f->url, &w->url, err);
}

/* *added false: the job has a finding of that issue. */
static int add_finding(struct evidence_db *db, const struct evidence_finding *f, const struct finding_words *w, int64_t issue,
		       bool *added, pipe_error *err)
{
	const int64_t columns[] = { db->scope, issue,	    f->kind,	f->severity,  f->suppressed, f->line,
				    f->column, f->end_line, w->message, w->installed, w->fixed,	     w->url };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_FINDING_ADD, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		query_bind_int(&q, columns[i]);
	rc = query_run(&q, err);
	*added = !rc && sqlite3_changes(db->store->db) > 0;
	return rc;
}

/* ---- more than one of a fingerprint ---- */

/* The issue of the finding in that very place; 0: there is none. */
static int find_same(struct evidence_db *db, const struct evidence_finding *f, int64_t first, int64_t *issue, pipe_error *err)
{
	struct query q;
	int rc = f->line ? query_begin(&q, db->store, EQ_FINDING_PLACE, err) : PIPE_OK;

	*issue = 0;
	if (rc || !f->line)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, first);
	rc = query_step(&q, err);
	if (rc == 1) {
		*issue = query_int(&q, 0) == f->line && query_int(&q, 1) == f->column ? first : 0;
		query_end(&q);
	}
	if (rc < 0 || *issue)
		return rc < 0 ? rc : PIPE_OK;
	rc = query_begin(&q, db->store, EQ_PLACE_FIND, err);
	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, first);
	query_bind_int(&q, f->line);
	query_bind_int(&q, f->column);
	rc = query_step(&q, err);
	if (rc == 1) {
		*issue = query_int(&q, 0);
		query_end(&q);
		rc = PIPE_OK;
	}
	return rc;
}

/* It is there already: the worse of the two is kept. */
static int raise_same(struct evidence_db *db, const struct evidence_finding *f, int64_t issue, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_FINDING_RAISE, err);

	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, issue);
	query_bind_int(&q, f->suppressed);
	query_bind_int(&q, f->severity);
	return query_run(&q, err);
}

/* Has the job an nth finding of that kind? */
static int has_nth(struct evidence_db *db, const struct evidence_finding *f, uint32_t nth, bool *has, pipe_error *err)
{
	unsigned char fingerprint[16];
	struct query q;
	int rc = query_begin(&q, db->store, EQ_FINDING_HAS, err);

	if (rc)
		return rc;
	evidence_fingerprint(f, nth, fingerprint);
	query_bind_blob(&q, fingerprint, sizeof(fingerprint));
	query_bind_int(&q, db->scope);
	rc = query_step(&q, err);
	*has = rc == 1;
	if (rc == 1)
		query_end(&q);
	return rc < 0 ? rc : PIPE_OK;
}

/* How many it has: they are there without a gap, so by doubling, then halving. */
static int count_nth(struct evidence_db *db, const struct evidence_finding *f, uint32_t *count, pipe_error *err)
{
	uint32_t low = 1, high = 1; /* low are there; high is not known to be */
	bool has = true;
	int rc = PIPE_OK;

	while (!rc && has && high < UINT32_MAX / 2) {
		rc = has_nth(db, f, high, &has, err);
		if (!rc && has) {
			low = high + 1;
			high *= 2;
		}
	}
	while (!rc && low < high) {
		uint32_t middle = low + (high - low) / 2;

		rc = has_nth(db, f, middle, &has, err);
		if (has)
			low = middle + 1;
		else
			high = middle;
	}
	*count = low;
	return rc;
}

static int add_place(struct evidence_db *db, const struct evidence_finding *f, int64_t first, int64_t issue, pipe_error *err)
{
	const int64_t columns[] = { db->scope, first, f->line, f->column, issue };
	struct query q;
	int rc = f->line ? query_begin(&q, db->store, EQ_PLACE_ADD, err) : PIPE_OK;

	if (rc || !f->line)
		return rc;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		query_bind_int(&q, columns[i]);
	return query_run(&q, err);
}

static int add_further(struct evidence_db *db, const struct evidence_finding *f, const struct finding_words *w, int64_t first,
		       pipe_error *err)
{
	unsigned char fingerprint[16];
	int64_t issue;
	uint32_t nth;
	bool added;
	int rc = find_same(db, f, first, &issue, err);

	if (rc || issue)
		return rc ? rc : raise_same(db, f, issue, err);
	rc = count_nth(db, f, &nth, err);
	if (rc)
		return rc;
	evidence_fingerprint(f, nth, fingerprint);
	rc = issue_id(db, f, fingerprint, &issue, err);
	if (!rc)
		rc = add_finding(db, f, w, issue, &added, err);
	return rc ? rc : add_place(db, f, first, issue, err);
}

int write_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct evidence_db *db = payload;
	unsigned char fingerprint[16];
	struct finding_words w;
	int64_t issue;
	bool added = false;
	int rc = writing_check(db, err);

	if (!rc && (f->kind >= FINDING_KIND_COUNT || f->severity >= SEVERITY_COUNT))
		rc = error_set(err, PIPE_EUSAGE, "there is no such kind or severity of findings");
	if (!rc)
		rc = find_words(db, f, &w, err);
	if (rc)
		return rc;
	evidence_fingerprint(f, 0, fingerprint);
	rc = issue_id(db, f, fingerprint, &issue, err);
	if (!rc)
		rc = add_finding(db, f, &w, issue, &added, err);
	return rc || added ? rc : add_further(db, f, &w, issue, err);
}
