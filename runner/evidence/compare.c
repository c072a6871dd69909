#include "runner/evidence/compare.h"

#include "base/error.h"
#include <stdlib.h>
#include <string.h>

/* How many jobs of the scopes have rows of that sort; one: its scope. */
static int count_jobs(struct evidence_db *db, enum evidence_statement id, struct scopes scopes, int64_t *count, int64_t *scope,
		      pipe_error *err)
{
	struct query q;
	int rc = scopes_query(&q, db, id, scopes, err);

	if (!rc)
		rc = query_step(&q, err);
	if (rc != 1)
		return rc;
	*count = query_int(&q, 0);
	*scope = query_int(&q, 1);
	query_end(&q);
	return PIPE_OK;
}

/* ---- a side: rows in the order of their keys ---- */

struct side {
	struct query q;
	bool has; /* it stands on a row */
};

struct side_kind {
	enum evidence_statement jobs, of_job, of_run;
};

/* Rows of a single job are in that order already; those of several have to be sorted. */
static int side_open(struct side *s, struct evidence_db *db, const struct side_kind *kind, struct scopes scopes, pipe_error *err)
{
	int64_t count = 0, scope = 0;
	int rc = count_jobs(db, kind->jobs, scopes, &count, &scope, err);

	s->has = false;
	if (rc || !count)
		return rc;
	if (count == 1)
		scopes.first = scopes.last = scope;
	rc = scopes_query(&s->q, db, count == 1 ? kind->of_job : kind->of_run, scopes, err);
	if (!rc)
		rc = query_step(&s->q, err);
	s->has = rc == 1;
	return rc < 0 ? rc : PIPE_OK;
}

static int side_next(struct side *s, pipe_error *err)
{
	int rc = query_step(&s->q, err);

	s->has = rc == 1;
	return rc < 0 ? rc : PIPE_OK;
}

static void side_close(struct side *s)
{
	if (s->has)
		query_end(&s->q);
	s->has = false;
}

/* Which side comes first: -1 before, 1 after, 0 both at once. */
static int order(const struct side *before, const struct side *after, int columns)
{
	if (!before->has || !after->has)
		return before->has ? -1 : 1;
	for (int i = 0; i < columns; i++) {
		int64_t a = query_int(&before->q, i), b = query_int(&after->q, i);

		if (a != b)
			return a < b ? -1 : 1;
	}
	return 0;
}

/* ---- tests ---- */

/* Tests of one name in one job: nearly always one.  Of more than GROUP_MOST the worst are matched among themselves, then the next. */
enum { GROUP_MOST = 512 };
struct test_row {
	struct test_key key;
	int64_t us, file;
	bool quarantined, paired;
};
struct test_group {
	struct test_row rows[GROUP_MOST];
	unsigned count;
};

/* How those of one name are matched: of the same file, then of one that is not known, and what is left of both sides. */
enum { PASS_SAME_FILE, PASS_ANY_FILE, PASS_AFTER, PASS_BEFORE, PASS_COUNT };

struct test_comparison {
	struct side sides[2]; /* before, after */
	struct test_group before, after;
	int pass; /* of the groups that are in; PASS_COUNT: they are used up */
	unsigned at;
};

/* Takes in the rows of that name, the worst first: tcase, title, status, scope, number, duration, flags, file. */
static int read_group(struct side *s, int64_t tcase, int64_t title, struct test_group *g, pipe_error *err)
{
	int rc = PIPE_OK;

	g->count = 0;
	while (!rc && s->has && g->count < GROUP_MOST && query_int(&s->q, 0) == tcase && query_int(&s->q, 1) == title) {
		g->rows[g->count++] = (struct test_row){ .key = { .tcase = tcase,
								  .status = (uint8_t)query_int(&s->q, 2),
								  .scope = query_int(&s->q, 3),
								  .number = query_int(&s->q, 4) },
							 .us = query_int(&s->q, 5),
							 .quarantined = query_int(&s->q, 6) & TEST_QUARANTINED,
							 .file = query_int(&s->q, 7) };
		rc = side_next(s, err);
	}
	return rc;
}

/* The first that has not been matched and may be the same test; exactly: of the same file, else of one that is not known. */
static struct test_row *match(struct test_group *before, const struct test_row *after, bool exactly)
{
	for (unsigned i = 0; i < before->count; i++) {
		struct test_row *row = &before->rows[i];

		if (!row->paired && (exactly ? row->file == after->file : !row->file || !after->file))
			return row;
	}
	return NULL;
}

static void fill_pair(struct test_pair *pair, struct test_row *before, struct test_row *after)
{
	*pair = (struct test_pair){ .has_before = before, .has_after = after };
	if (before) {
		pair->before = before->key;
		pair->before_us = before->us;
		pair->before_quarantined = before->quarantined;
		before->paired = true;
	}
	if (after) {
		pair->after = after->key;
		pair->after_us = after->us;
		pair->after_quarantined = after->quarantined;
		after->paired = true;
	}
}

/* The next pair of the groups that are in; false: there is no more. */
static bool next_pair(struct test_comparison *c, struct test_pair *out)
{
	for (; c->pass < PASS_COUNT; c->pass++, c->at = 0) {
		struct test_group *g = c->pass == PASS_BEFORE ? &c->before : &c->after;

		while (c->at < g->count) {
			struct test_row *row = &g->rows[c->at++], *other = NULL;

			if (row->paired)
				continue;
			if (c->pass <= PASS_ANY_FILE && !(other = match(&c->before, row, c->pass == PASS_SAME_FILE)))
				continue;
			fill_pair(out, c->pass == PASS_BEFORE ? row : other, c->pass == PASS_BEFORE ? NULL : row);
			return true;
		}
	}
	return false;
}

/* Takes in the tests of the next name. */
static int next_groups(struct test_comparison *c, pipe_error *err)
{
	struct side *before = &c->sides[0], *after = &c->sides[1];
	const struct side *first = order(before, after, 2) <= 0 ? before : after;
	int64_t tcase = query_int(&first->q, 0), title = query_int(&first->q, 1);
	int rc = read_group(before, tcase, title, &c->before, err);

	if (!rc)
		rc = read_group(after, tcase, title, &c->after, err);
	c->pass = 0;
	c->at = 0;
	return rc;
}

int test_comparison_open(struct test_comparison **out, struct evidence_db *db, struct scopes before, struct scopes after,
			 pipe_error *err)
{
	static const struct side_kind kind = { EQ_JOBS_WITH_TESTS, EQ_TESTS_OF_JOB, EQ_TESTS_OF_RUN };
	struct test_comparison *c = malloc(sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return error_nomem(err);
	c->sides[0].has = c->sides[1].has = false;
	c->before.count = c->after.count = 0;
	c->pass = PASS_COUNT;
	rc = side_open(&c->sides[0], db, &kind, before, err);
	if (!rc)
		rc = side_open(&c->sides[1], db, &kind, after, err);
	if (rc)
		test_comparison_close(c);
	else
		*out = c;
	return rc;
}

int test_comparison_next(struct test_comparison *c, struct test_pair *out, pipe_error *err)
{
	while (!next_pair(c, out)) {
		int rc;

		if (!c->sides[0].has && !c->sides[1].has)
			return 0;
		rc = next_groups(c, err);
		if (rc)
			return rc;
	}
	return 1;
}

void test_comparison_close(struct test_comparison *c)
{
	if (!c)
		return;
	side_close(&c->sides[0]);
	side_close(&c->sides[1]);
	free(c);
}

int compare_tests(struct evidence_db *db, struct scopes before, struct scopes after,
		  int (*each)(void *, const struct test_pair *, pipe_error *), void *payload, pipe_error *err)
{
	struct test_comparison *c;
	struct test_pair pair;
	int rc = test_comparison_open(&c, db, before, after, err);

	while (!rc && (rc = test_comparison_next(c, &pair, err)) == 1)
		rc = each(payload, &pair, err);
	test_comparison_close(c);
	return rc < 0 ? rc : PIPE_OK;
}

static unsigned class_of(uint8_t status)
{
	return status == TEST_ERROR ? TEST_FAILED : status;
}

bool test_pair_is_new(const struct test_pair *p)
{
	return p->has_after && !(p->has_before && class_of(p->before.status) == class_of(p->after.status));
}

/* ---- findings ---- */

static int read_change(struct evidence_db *db, const struct side *s, bool is_new, struct finding_change *out, pipe_error *err)
{
	int64_t kind = query_int(&s->q, 2);

	if (kind < 0 || kind >= FINDING_KIND_COUNT)
		return store_damaged(db->store, "it holds a kind of finding that does not exist", err);
	*out = (struct finding_change){
		.is_new = is_new, .kind = (uint8_t)kind, .scope = query_int(&s->q, 1), .issue = query_int(&s->q, 0)
	};
	return PIPE_OK;
}

static int merge_findings(struct evidence_db *db, struct side *before, struct side *after,
			  int (*each)(void *, const struct finding_change *, pipe_error *), void *payload, pipe_error *err)
{
	int rc = PIPE_OK;

	while (!rc && (before->has || after->has)) {
		int which = order(before, after, 1);
		struct finding_change change;

		if (which)
			rc = read_change(db, which < 0 ? before : after, which > 0, &change, err);
		if (!rc && which)
			rc = each(payload, &change, err);
		if (!rc && which <= 0)
			rc = side_next(before, err);
		if (!rc && which >= 0)
			rc = side_next(after, err);
	}
	return rc < 0 ? rc : PIPE_OK;
}

int compare_findings(struct evidence_db *db, struct scopes before, struct scopes after,
		     int (*each)(void *, const struct finding_change *, pipe_error *), void *payload, pipe_error *err)
{
	static const struct side_kind kind = { EQ_JOBS_WITH_FINDINGS, EQ_FINDINGS_OF_JOB, EQ_FINDINGS_OF_RUN };
	struct side a = { 0 }, b = { 0 };
	int rc = side_open(&a, db, &kind, before, err);

	if (!rc)
		rc = side_open(&b, db, &kind, after, err);
	if (!rc)
		rc = merge_findings(db, &a, &b, each, payload, err);
	side_close(&a);
	side_close(&b);
	return rc;
}

/* ---- coverage ---- */

static bool same_counts(const struct coverage_counts *a, const struct coverage_counts *b)
{
	return a->lines == b->lines && a->lines_hit == b->lines_hit && a->branches == b->branches &&
	       a->branches_hit == b->branches_hit;
}

int compare_coverage(struct evidence_db *db, struct scopes before, struct scopes after,
		     int (*each)(void *, const char *, const struct coverage_counts *, const struct coverage_counts *,
				 pipe_error *),
		     void *payload, pipe_error *err)
{
	struct coverage_cursor a, b = { 0 };
	int has_a = 0, has_b = 0, rc = coverage_cursor_open(&a, db, before, err);

	if (!rc)
		rc = coverage_cursor_open(&b, db, after, err);
	if (!rc)
		rc = has_a = coverage_cursor_next(&a, err);
	if (rc >= 0)
		rc = has_b = coverage_cursor_next(&b, err);
	rc = rc < 0 ? rc : PIPE_OK;
	while (!rc && (has_a || has_b)) {
		int which = !has_a ? 1 : !has_b ? -1 : strcmp(a.path, b.path);

		if (which || !same_counts(&a.counts, &b.counts))
			rc = each(payload, which <= 0 ? a.path : b.path, which <= 0 ? &a.counts : NULL,
				  which >= 0 ? &b.counts : NULL, err);
		if (!rc && which <= 0 && (has_a = coverage_cursor_next(&a, err)) < 0)
			rc = has_a;
		if (!rc && which >= 0 && (has_b = coverage_cursor_next(&b, err)) < 0)
			rc = has_b;
	}
	coverage_cursor_close(&a);
	coverage_cursor_close(&b);
	return rc < 0 ? rc : PIPE_OK;
}
