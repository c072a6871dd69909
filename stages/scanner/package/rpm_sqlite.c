/*
 * rpm's database in SQLite: the headers are the blobs of the table Packages.  The file's bytes are opened in memory, read-only, with
 * everything switched off that a hostile database could run, and a bound on the steps that it may take.
 */
#include "stages/scanner/package/rpm_header.h"

#include <sqlite3.h>
#include <string.h>

enum { BLOB_MOST = 64 * 1024 * 1024, STEPS = 1000 * 1000, STEPS_MOST = 200 };

static int count_steps(void *payload)
{
	unsigned *steps = payload;

	return ++*steps > STEPS_MOST;
}

static int fail(struct reader *r, sqlite3 *db)
{
	if (sqlite3_errcode(db) == SQLITE_NOMEM)
		return reader_nomem(r);
	return reader_fail(r, 0, "this is no rpm database that can be read: %s", sqlite3_errmsg(db));
}

/* A database in WAL mode cannot be opened from memory; without its log it is the same as one in the other mode. */
static unsigned char *copy(const struct reader *r)
{
	unsigned char *bytes = sqlite3_malloc64(r->length);

	if (!bytes)
		return NULL;
	memcpy(bytes, r->bytes, r->length);
	if (bytes[18] == 2 && bytes[19] == 2)
		bytes[18] = bytes[19] = 1;
	return bytes;
}

static int open_bytes(struct reader *r, sqlite3 *db, unsigned *steps)
{
	unsigned char *bytes = copy(r);

	if (!bytes)
		return reader_nomem(r);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, BLOB_MOST);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_progress_handler(db, STEPS, count_steps, steps);
	if (sqlite3_deserialize(db, "main", bytes, (sqlite3_int64)r->length, (sqlite3_int64)r->length,
				SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY))
		return fail(r, db);
	return PIPE_OK;
}

static int read_rows(struct reader *r, sqlite3 *db)
{
	sqlite3_stmt *rows;
	uint32_t number = 0;
	int rc = PIPE_OK, step;

	if (sqlite3_prepare_v2(db, "SELECT blob FROM Packages", -1, &rows, NULL))
		return fail(r, db);
	while (!rc && (step = sqlite3_step(rows)) == SQLITE_ROW) {
		const unsigned char *blob = sqlite3_column_blob(rows, 0);

		rc = rpm_header_read(r, blob ? blob : (const unsigned char *)"", (size_t)sqlite3_column_bytes(rows, 0), ++number);
	}
	if (!rc && step != SQLITE_DONE)
		rc = fail(r, db);
	sqlite3_finalize(rows);
	return rc;
}

int rpm_sqlite_read(struct reader *r)
{
	const char *log = arena_printf(r->arena, "%s-wal",
				       strrchr(r->list->path, '/') ? strrchr(r->list->path, '/') + 1 : r->list->path);
	sqlite3 *db = NULL;
	unsigned steps = 0;
	size_t length;
	int rc;

	if (r->length < 100 || memcmp(r->bytes, "SQLite format 3", 16) != 0)
		return reader_fail(r, 0, "this is no SQLite database");
	if (!log)
		return reader_nomem(r);
	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)) {
		sqlite3_close(db);
		return reader_nomem(r);
	}
	rc = open_bytes(r, db, &steps);
	if (!rc)
		rc = read_rows(r, db);
	sqlite3_close(db);
	if (!rc && reader_beside(r, log, &length) && length &&
	    !reader_note(r, "what stands in %s only, changes of last, is not read", log))
		rc = reader_nomem(r);
	return rc;
}
