/*
 * osv.db: OSV records in SQLite.  `record` holds what is known of a vulnerability, `affected` a row for each package that has it (found by
 * ecosystem and package), `alias` all names of a record, `fact` what is known of the whole.  Opened by the store (runner/store/), whose
 * schema this is.
 */
#ifndef RUNNER_SCAN_ADVISORY_OSV_STORE_H
#define RUNNER_SCAN_ADVISORY_OSV_STORE_H

#include "runner/store/connection.h"
#include <limits.h>

enum osv_statement {
	OSV_BEGIN = SQL_BEGIN,
	OSV_COMMIT = SQL_COMMIT,
	OSV_RECORD_FIND,
	OSV_RECORD_ADD,
	OSV_RECORD_REMOVE,
	OSV_AFFECTED_ADD,
	OSV_AFFECTED_REMOVE,
	OSV_ALIAS_ADD,
	OSV_ALIAS_REMOVE,
	OSV_FACT_SET,
	OSV_FACT_GET,
	OSV_COUNT,
	OSV_LOOK_UP,
	OSV_DETAILS,
	OSV_COVERS,
	OSV_STATEMENTS
};

struct osv_store {
	struct store *store;
	struct store_schema schema; /* of the file's name */
	char path[PATH_MAX], directory[PATH_MAX];
};

/* path: of the database; STORE_WRITE makes it.  A damaged one is PIPE_EPIPELINE, none PIPE_ENOTFOUND. */
int osv_store_open(struct osv_store *s, const char *path, enum store_mode mode, pipe_error *err);
void osv_store_close(struct osv_store *s);
/* What the store calls a broken history is here a broken database of advisories: PIPE_EPIPELINE. */
int osv_store_code(int rc, pipe_error *err);
/* "records", "updated_ms"; 0: not said. */
int osv_store_fact(struct osv_store *s, const char *name, int64_t *value, pipe_error *err);

#endif
