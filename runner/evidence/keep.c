/* What a job said in an earlier run stands for a run that keeps the job: its rows are copied, what they refer to is shared, but for the
 * texts of tests, which go with their rows. */
#include "base/error.h"
#include "runner/evidence/database.h"

/* By how much the ids of the copied texts differ from those they are copied from. */
static int text_offset(struct evidence_db *db, int64_t from, int64_t *offset, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_KEEP_OFFSET, err);

	if (rc)
		return rc;
	query_bind_int(&q, from);
	rc = query_step(&q, err);
	if (rc == 1) {
		*offset = query_int(&q, 0);
		query_end(&q);
		rc = PIPE_OK;
	}
	return rc;
}

static int copy_rows(struct evidence_db *db, int64_t from, int64_t to, pipe_error *err)
{
	static const struct {
		enum evidence_statement id;
		bool texts; /* takes the offset as well */
	} copies[] = {
		{ EQ_KEEP_TEXTS, true },       { EQ_KEEP_TESTS, true },		{ EQ_KEEP_FINDINGS, false },
		{ EQ_KEEP_PLACES, false },     { EQ_KEEP_COVERAGE, false },	{ EQ_KEEP_METRICS, false },
		{ EQ_KEEP_COMPONENTS, false }, { EQ_KEEP_IMAGES, false },	{ EQ_KEEP_CONDITIONS, false },
		{ EQ_KEEP_REPORTS, false },    { EQ_KEEP_JOB_FINDINGS, false }, { EQ_KEEP_JOBS, false },
	};
	int64_t offset = 0;
	int rc = text_offset(db, from, &offset, err);

	for (size_t i = 0; !rc && i < sizeof(copies) / sizeof(*copies); i++) {
		struct query q;

		rc = query_begin(&q, db->store, copies[i].id, err);
		if (rc)
			break;
		query_bind_int(&q, from);
		query_bind_int(&q, to);
		if (copies[i].texts)
			query_bind_int(&q, offset);
		rc = query_run(&q, err);
	}
	return rc;
}

int evidence_keep(struct evidence_db *db, int64_t from_run, uint32_t from_job, int64_t run, uint32_t job, pipe_error *err)
{
	struct scopes from = scopes_of(from_run, from_job), to = scopes_of(run, job);
	int rc;

	if (db->writing)
		return error_set(err, PIPE_EUSAGE, "the evidence of another job has not been committed");
	rc = store_begin(db->store, err);
	if (!rc)
		rc = scopes_remove(db, to, err);
	if (!rc)
		rc = copy_rows(db, from.first, to.first, err);
	if (!rc)
		return store_commit(db->store, err);
	store_rollback(db->store);
	db->store->broken = false; /* it has been told */
	return rc;
}
