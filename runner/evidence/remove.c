/* Taking evidence away: what a job said before, and what belongs to runs that are gone. */
#include "base/error.h"
#include "runner/evidence/database.h"

enum { BATCH = 50 /* runs a transaction: others can write in between */ };

static int remove_with(struct evidence_db *db, const enum evidence_statement *ids, size_t count, const struct scopes *scopes,
		       pipe_error *err)
{
	int rc = PIPE_OK;

	for (size_t i = 0; !rc && i < count; i++) {
		struct query q;

		rc = scopes ? scopes_query(&q, db, ids[i], *scopes, err) : query_begin(&q, db->store, ids[i], err);
		if (!rc)
			rc = query_run(&q, err);
	}
	return rc;
}

int scopes_remove(struct evidence_db *db, struct scopes scopes, pipe_error *err)
{
	static const enum evidence_statement ids[] = {
		EQ_REMOVE_TEXTS,      EQ_REMOVE_TESTS,	 EQ_REMOVE_FINDINGS,	 EQ_REMOVE_PLACES,
		EQ_REMOVE_COVERAGE,   EQ_REMOVE_METRICS, EQ_REMOVE_COMPONENTS,	 EQ_REMOVE_IMAGES,
		EQ_REMOVE_CONDITIONS, EQ_REMOVE_REPORTS, EQ_REMOVE_JOB_FINDINGS, EQ_REMOVE_JOBS,
	};

	return remove_with(db, ids, sizeof(ids) / sizeof(*ids), &scopes, err);
}

/* What no row refers to any more; words last, as the others refer to them. */
static int remove_unused(struct evidence_db *db, pipe_error *err)
{
	static const enum evidence_statement ids[] = { EQ_GC_CASES, EQ_GC_ISSUES, EQ_GC_WORDS };
	int rc = store_begin(db->store, err);

	if (!rc)
		rc = remove_with(db, ids, sizeof(ids) / sizeof(*ids), NULL, err);
	return rc ? rc : store_commit(db->store, err);
}

int evidence_gc(struct evidence_db *db, const int64_t *runs, size_t count, pipe_error *err)
{
	int rc = PIPE_OK;

	if (db->writing)
		return error_set(err, PIPE_EUSAGE, "the evidence of a job has not been committed");
	for (size_t i = 0; !rc && i < count; i++) {
		rc = store_begin(db->store, err);
		if (!rc)
			rc = scopes_remove(db, scopes_of(runs[i], ALL_JOBS), err);
		if (!rc && i % BATCH == BATCH - 1)
			rc = store_commit(db->store, err);
	}
	if (!rc)
		rc = store_commit(db->store, err);
	if (!rc && count)
		rc = remove_unused(db, err);
	if (!rc && count)
		rc = store_exec(db->store, "PRAGMA incremental_vacuum", err);
	if (rc)
		store_rollback(db->store);
	db->store->broken = false;
	return rc;
}
