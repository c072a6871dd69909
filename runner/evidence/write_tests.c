/*
 * Tests.  Within a round nothing is put together: a name that comes twice (parametrised cases, `-count=2`, reruns by the tool itself)
 * is two rows, told apart by their number, so that no failure hides behind another's success.
 *
 * In a later round a case meets the worst of its name from before that has met nothing yet; what becomes of the two is in the table
 * below.  The row gets a new number, which is how it is known to have been met.  Tests of one name in two files are two, but many
 * tools name the file only where a test failed: so what names none may meet any.
 */
#include "base/error.h"
#include "runner/evidence/database.h"

enum { ANY_FILE = -1 };

struct test_row {
	int64_t tcase, number, file, line, duration, failures, flags, text;
	uint8_t status;
};

static bool is_bad(uint8_t status)
{
	return status == TEST_FAILED || status == TEST_ERROR;
}

/* What a case is that was [before] and comes again as [now].  A failure that is seen last stands, whatever was before it. */
static const uint8_t met[TEST_STATUS_COUNT][TEST_STATUS_COUNT] = {
	/*                   FAILED       ERROR        FLAKY       PASSED       SKIPPED */
	[TEST_FAILED] = { TEST_FAILED, TEST_FAILED, TEST_FLAKY, TEST_FLAKY, TEST_FAILED },
	[TEST_ERROR] = { TEST_ERROR, TEST_ERROR, TEST_FLAKY, TEST_FLAKY, TEST_ERROR },
	[TEST_FLAKY] = { TEST_FAILED, TEST_ERROR, TEST_FLAKY, TEST_FLAKY, TEST_FLAKY },
	[TEST_PASSED] = { TEST_FAILED, TEST_ERROR, TEST_FLAKY, TEST_PASSED, TEST_PASSED },
	[TEST_SKIPPED] = { TEST_FAILED, TEST_ERROR, TEST_FLAKY, TEST_PASSED, TEST_SKIPPED },
};

static int add_text(struct evidence_db *db, const struct evidence_test *t, int64_t *id, pipe_error *err)
{
	struct query q;
	int rc;

	*id = 0;
	if (!*t->message && !*t->details)
		return PIPE_OK;
	rc = query_begin(&q, db->store, EQ_TEXT_ADD, err);
	if (rc)
		return rc;
	query_bind_text(&q, t->message);
	query_bind_text(&q, t->details);
	rc = query_run(&q, err);
	*id = sqlite3_last_insert_rowid(db->store->db);
	return rc;
}

static int remove_text(struct evidence_db *db, int64_t id, pipe_error *err)
{
	struct query q;
	int rc = id ? query_begin(&q, db->store, EQ_TEXT_REMOVE, err) : PIPE_OK;

	if (rc || !id)
		return rc;
	query_bind_int(&q, id);
	return query_run(&q, err);
}

static int add_row(struct evidence_db *db, const struct test_row *row, pipe_error *err)
{
	const int64_t columns[] = { db->scope, row->tcase,    row->status,   row->number, row->file,
				    row->line, row->duration, row->failures, row->flags,  row->text };
	struct query q;
	int rc = query_begin(&q, db->store, EQ_TEST_ADD, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		query_bind_int(&q, columns[i]);
	return query_run(&q, err);
}

/* The worst of an earlier round of that file (0: that names none).  *found false: there is none. */
static int find_earlier(struct evidence_db *db, int64_t tcase, int64_t file, struct test_row *row, bool *found, pipe_error *err)
{
	for (uint8_t status = 0; !*found && status < TEST_STATUS_COUNT; status++) {
		const int64_t key[] = { db->scope, tcase, status, db->round_test, file };
		struct query q;
		int rc = query_begin(&q, db->store, EQ_TEST_FIND, err);

		if (rc)
			return rc;
		for (size_t i = 0; i < sizeof(key) / sizeof(*key); i++)
			query_bind_int(&q, key[i]);
		rc = query_step(&q, err);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		*found = true;
		*row = (struct test_row){ .tcase = tcase,
					  .status = status,
					  .number = query_int(&q, 0),
					  .file = query_int(&q, 1),
					  .line = query_int(&q, 2),
					  .duration = query_int(&q, 3),
					  .failures = query_int(&q, 4),
					  .flags = query_int(&q, 5),
					  .text = query_int(&q, 6) };
		query_end(&q);
	}
	return PIPE_OK;
}

/* Takes out the test that meets `now`. */
static int take_earlier(struct evidence_db *db, const struct test_row *now, struct test_row *row, bool *found, pipe_error *err)
{
	struct query q;
	int rc = find_earlier(db, now->tcase, now->file ? now->file : ANY_FILE, row, found, err);

	if (!rc && !*found && now->file)
		rc = find_earlier(db, now->tcase, 0, row, found, err);
	if (rc || !*found)
		return rc;
	rc = query_begin(&q, db->store, EQ_TEST_REMOVE, err);
	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, row->tcase);
	query_bind_int(&q, row->status);
	query_bind_int(&q, row->number);
	return query_run(&q, err);
}

/* Puts the two together in *row, which is what this round says. */
static int meet(struct evidence_db *db, const struct test_row *before, const struct evidence_test *t, struct test_row *row,
		pipe_error *err)
{
	bool keeps_text = before->text &&
			  (is_bad(before->status) || before->status == TEST_FLAKY || !(*t->message || *t->details));
	int rc;

	row->status = met[before->status][row->status];
	row->failures += before->failures;
	row->flags |= before->flags & TEST_QUARANTINED;
	if (row->duration < 0)
		row->duration = before->duration;
	if (!row->file)
		row->file = before->file;
	if (!row->line)
		row->line = before->line;
	if (keeps_text) {
		row->text = before->text;
		return PIPE_OK;
	}
	rc = remove_text(db, before->text, err);
	return rc ? rc : add_text(db, t, &row->text, err);
}

int write_test(void *payload, const struct evidence_test *t, pipe_error *err)
{
	struct evidence_db *db = payload;
	struct test_row row = { .duration = t->duration_us < 0 ? -1 : t->duration_us,
				.failures = t->status == TEST_FLAKY && t->failures ? t->failures : t->status < TEST_PASSED,
				.line = t->line,
				.flags = (t->expected ? TEST_EXPECTED : 0) | (t->quarantined ? TEST_QUARANTINED : 0),
				.status = t->status };
	struct test_row before = { 0 };
	bool found = false;
	int rc = writing_check(db, err);

	if (!rc && t->status >= TEST_STATUS_COUNT)
		rc = error_set(err, PIPE_EUSAGE, "there is no such state of a test");
	if (!rc)
		rc = case_id(db, t, &row.tcase, err);
	if (!rc)
		rc = word_id(db, t->file, &row.file, err);
	if (!rc && db->round)
		rc = take_earlier(db, &row, &before, &found, err);
	if (!rc)
		rc = found ? meet(db, &before, t, &row, err) : add_text(db, t, &row.text, err);
	if (rc)
		return rc;
	row.number = db->next_test++;
	return add_row(db, &row, err);
}
