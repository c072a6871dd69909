/* The tables of osv.db as a list of steps (runner/store/migration.c: a step that was once released is never changed), its statements, and
 * its opening. */
#include "runner/scan/advisory/osv_store.h"

#include "base/error.h"
#include <stdio.h>
#include <string.h>

enum { APPLICATION_ID = 0x7069704f /* "pipO" */, BUSY_MS = 5000 };

static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE record("
	"  id INTEGER PRIMARY KEY, osv TEXT NOT NULL UNIQUE, names TEXT NOT NULL, aliases TEXT NOT NULL, severity INTEGER NOT NULL,"
	"  body TEXT NOT NULL) STRICT;"
	"CREATE TABLE affected("
	"  ecosystem TEXT NOT NULL, package TEXT NOT NULL, record INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,"
	"  PRIMARY KEY(ecosystem, package, record, number)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX affected_record ON affected(record);"
	"CREATE TABLE alias(name TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY(name, record)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX alias_record ON alias(record);"
	"CREATE TABLE fact(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
};
enum { SCHEMA_VERSION = sizeof(steps) / sizeof(*steps) };

static const char look_up[] = "SELECT r.osv, r.names, r.severity, a.body FROM affected AS a JOIN record AS r ON r.id = a.record "
			      "WHERE a.ecosystem IN (?1, ?2) AND a.package = ?3 ORDER BY r.osv, a.number";
/* of several records of one name, one that knows how severe it is */
static const char details[] = "SELECT r.osv, r.aliases, r.severity, r.body FROM alias AS a JOIN record AS r ON r.id = a.record "
			      "WHERE a.name = ? ORDER BY r.severity = 0, r.osv LIMIT 1";

static const char *const texts[OSV_STATEMENTS] = {
	[OSV_BEGIN] = "BEGIN IMMEDIATE",
	[OSV_COMMIT] = "COMMIT",
	[OSV_RECORD_FIND] = "SELECT id FROM record WHERE osv = ?",
	[OSV_RECORD_ADD] = "INSERT INTO record(osv, names, aliases, severity, body) VALUES(?, ?, ?, ?, ?) RETURNING id",
	[OSV_RECORD_REMOVE] = "DELETE FROM record WHERE id = ?",
	[OSV_AFFECTED_ADD] = "INSERT INTO affected(ecosystem, package, record, number, body) VALUES(?, ?, ?, ?, ?)",
	[OSV_AFFECTED_REMOVE] = "DELETE FROM affected WHERE record = ?",
	[OSV_ALIAS_ADD] = "INSERT OR IGNORE INTO alias(name, record) VALUES(?, ?)",
	[OSV_ALIAS_REMOVE] = "DELETE FROM alias WHERE record = ?",
	[OSV_FACT_SET] = "INSERT OR REPLACE INTO fact(name, value) VALUES(?, ?)",
	[OSV_FACT_GET] = "SELECT value FROM fact WHERE name = ?",
	[OSV_COUNT] = "SELECT count(*) FROM record",
	[OSV_LOOK_UP] = look_up,
	[OSV_DETAILS] = details,
	[OSV_COVERS] = "SELECT 1 FROM affected WHERE ecosystem IN (?1, ?2) LIMIT 1",
};

static const struct store_schema schema = {
	.application_id = APPLICATION_ID,
	.making = "PRAGMA journal_mode = WAL",
	.pragmas = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;" STORE_PRAGMAS,
	.busy_ms = BUSY_MS,
	.steps = steps,
	.version = SCHEMA_VERSION,
	.texts = texts,
	.count = OSV_STATEMENTS,
	.subject = "database of OSV records",
	.advice = "make one anew with `pipe advisories import` after moving it away, or set PIPE_ADVISORIES to another directory",
};

int osv_store_code(int rc, pipe_error *err)
{
	if (rc != PIPE_ESTORE)
		return rc;
	if (err)
		err->code = PIPE_EPIPELINE;
	return PIPE_EPIPELINE;
}

int osv_store_open(struct osv_store *s, const char *path, enum store_mode mode, pipe_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t above = slash ? (size_t)(slash - path) : 0;

	memset(s, 0, sizeof(*s));
	if (strlen(path) >= sizeof(s->path) - sizeof("-wal"))
		return error_set(err, PIPE_EUSAGE, "the path of the database of OSV records is too long: %.200s", path);
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->directory, sizeof(s->directory), "%.*s", above ? (int)above : 1, slash ? path : ".");
	s->schema = schema;
	s->schema.file = slash ? s->path + above + 1 : s->path;
	return osv_store_code(store_open_schema(&s->store, &s->schema, s->directory, mode, true, err), err);
}

void osv_store_close(struct osv_store *s)
{
	store_free(s->store);
	s->store = NULL;
}

int osv_store_fact(struct osv_store *s, const char *name, int64_t *value, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s->store, OSV_FACT_GET, err), row;

	*value = 0;
	if (rc)
		return osv_store_code(rc, err);
	query_bind_text(&q, name);
	row = query_step(&q, err);
	if (row <= 0)
		return osv_store_code(row, err);
	*value = query_int(&q, 0);
	query_end(&q);
	return PIPE_OK;
}
