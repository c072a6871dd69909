/* Opening evidence.db, and how its statements are begun. */
#include "runner/evidence/database.h"

#include "base/error.h"
#include <stdlib.h>

int evidence_open(struct evidence_db **out, const char *state_directory, enum store_mode mode, pipe_error *err)
{
	struct evidence_db *db = calloc(1, sizeof(*db));
	int rc;

	*out = NULL;
	if (!db)
		return error_nomem(err);
	db->sink = (struct evidence_sink){ write_test,	write_line, write_finding, write_metric, write_component,
					   write_image, db,	    write_scope };
	rc = store_open_schema(&db->store, &evidence_schema, state_directory, mode, false, err);
	if (rc) {
		free(db);
		return rc == PIPE_ENOTFOUND && mode == STORE_READ ? PIPE_OK : rc;
	}
	*out = db;
	return PIPE_OK;
}

void evidence_free(struct evidence_db *db)
{
	if (!db)
		return;
	evidence_rollback(db);
	words_forget(db);
	store_free(db->store);
	free(db);
}

const struct evidence_sink *evidence_sink(struct evidence_db *db)
{
	return &db->sink;
}

int scopes_query(struct query *q, struct evidence_db *db, enum evidence_statement id, struct scopes scopes, pipe_error *err)
{
	int rc = query_begin(q, db->store, id, err);

	if (rc)
		return rc;
	query_bind_int(q, scopes.first);
	query_bind_int(q, scopes.last);
	return PIPE_OK;
}

void query_bind_blob(struct query *q, const void *bytes, size_t length)
{
	int result = sqlite3_bind_blob64(q->stmt, ++q->bound, bytes, length, SQLITE_STATIC);

	if (q->result == SQLITE_OK)
		q->result = result;
}
