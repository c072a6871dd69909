/*
 * The schema, as a list of steps: step i takes a database of version i to version i + 1, in one transaction.  A step that was once
 * released is never changed; what is to change gets a step of its own.
 *
 * A run's jobs have the ids run << 32 | index, so they lie together.  What happened to a job stands in its row as lines of text
 * (change.c): a change of state dirties one page then, and the page is what a commit costs.  States are kept by name.
 */
#include "base/error.h"
#include "runner/history/state.h"
#include "runner/store/connection.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

enum {
	APPLICATION_ID = 0x70697065, /* "pipe" */
	RETRY_MS = 5,
	BUSY_MS = 5000
};

static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE definition(" /* most runs of a file share one */
	"  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, body TEXT NOT NULL) STRICT;"
	"CREATE INDEX definition_hash ON definition(hash);"
	"CREATE TABLE run("
	"  number INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  nonce TEXT NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0,"
	"  file TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,"
	"  commit_sha TEXT NOT NULL, branch TEXT NOT NULL, title TEXT NOT NULL, dirty INTEGER NOT NULL,"
	"  parent INTEGER NOT NULL, parent_job INTEGER NOT NULL, retry_of INTEGER NOT NULL,"
	"  jobs INTEGER NOT NULL, failed INTEGER NOT NULL DEFAULT 0, definition INTEGER NOT NULL) STRICT;"
	"CREATE INDEX run_running ON run(number) WHERE status = 'running';"
	"CREATE INDEX run_file ON run(file, number);"
	"CREATE TABLE run_text(" /* beside the runs, so that a list of them stays dense */
	"  run INTEGER PRIMARY KEY, variables TEXT NOT NULL, options TEXT NOT NULL) STRICT;"
	"CREATE TABLE job("
	"  id INTEGER PRIMARY KEY, name TEXT NOT NULL, stage TEXT NOT NULL, status TEXT NOT NULL, allow_failure INTEGER NOT NULL,"
	"  exit_code INTEGER NOT NULL DEFAULT -1, attempts INTEGER NOT NULL DEFAULT 0, started_attempt INTEGER NOT NULL DEFAULT 0,"
	"  queued INTEGER NOT NULL DEFAULT 0, started INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0,"
	"  pid INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', failure TEXT NOT NULL DEFAULT '',"
	"  coverage REAL NOT NULL DEFAULT -1, log_bytes INTEGER NOT NULL DEFAULT 0, log_lines INTEGER NOT NULL DEFAULT 0,"
	"  changes TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE TABLE artifact("
	"  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, job INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,"
	"  path TEXT NOT NULL, bytes INTEGER NOT NULL, files INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX artifact_run ON artifact(run, job, kind, path);"
	"CREATE INDEX artifact_path ON artifact(path);"
	"CREATE INDEX artifact_expires ON artifact(expires) WHERE expires > 0;"
	"CREATE TABLE dotenv(id INTEGER PRIMARY KEY, variables TEXT NOT NULL) STRICT;" /* ids as in job */
	"CREATE TABLE duration(" /* of the last five successes, the newest first; run: the last of them */
	"  file TEXT NOT NULL, job TEXT NOT NULL, run INTEGER NOT NULL,"
	"  ms1 INTEGER NOT NULL, ms2 INTEGER, ms3 INTEGER, ms4 INTEGER, ms5 INTEGER,"
	"  PRIMARY KEY(file, job)) STRICT, WITHOUT ROWID;",
	/* 2 */
	"ALTER TABLE job ADD COLUMN environment TEXT NOT NULL DEFAULT ''",
	/* 3 */
	"CREATE TABLE note(" /* job -1: of the run */
	"  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, job INTEGER NOT NULL, time INTEGER NOT NULL, kind TEXT NOT NULL,"
	"  label TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL) STRICT;"
	"CREATE INDEX note_run ON note(run);",
};
enum { VERSION = sizeof(steps) / sizeof(*steps) };

static int foreign(struct store *s, pipe_error *err)
{
	return error_set(err, PIPE_ESTORE, "%s is a database of another program: %s", s->path,
			 s->schema->advice ? s->schema->advice : "move it away, or set PIPE_STATE_DIR to another directory");
}

static int read_numbers(struct store *s, int64_t *version, int64_t *application, pipe_error *err)
{
	int rc = store_number(s, "PRAGMA user_version", version, err);

	return rc ? rc : store_number(s, "PRAGMA application_id", application, err);
}

/* What version is it?  0: empty. */
static int read_version(struct store *s, int64_t *version, pipe_error *err)
{
	int64_t application, tables = 0;
	int rc = read_numbers(s, version, &application, err);

	if (!rc && *version == 0 && application == 0) {
		rc = store_number(s, "SELECT count(*) FROM sqlite_schema", &tables, err);
		if (rc || !tables)
			return rc;
		/* Tables come together with the numbers: perhaps another process has made them since the first look. */
		rc = read_numbers(s, version, &application, err);
	}
	if (rc)
		return rc;
	if (application != s->schema->application_id || *version < 0)
		return foreign(s, err);
	if (*version > s->schema->version)
		return error_set(
			err, PIPE_ESTORE,
			"the %s %s was written by a newer pipe (version %lld of its tables; this pipe knows %d): %s",
			s->schema->subject ? s->schema->subject : "history", s->path, (long long)*version, s->schema->version,
			s->schema->advice ? s->schema->advice : "use that pipe, or set PIPE_STATE_DIR to another directory");
	return PIPE_OK;
}

int migration_check(struct store *s, bool *old, pipe_error *err)
{
	int64_t version;
	int rc = read_version(s, &version, err);

	*old = !rc && version < s->schema->version;
	if (!rc && version == 0)
		rc = error_set(err, PIPE_ENOTFOUND, "there is nothing in the history %s", s->path);
	return rc;
}

const struct store_schema store_history = {
	.file = "pipe.db",
	.application_id = APPLICATION_ID,
	/* small pages, because a commit writes whole ones */
	.making = "PRAGMA page_size = 2048; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
	.pragmas = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;" STORE_PRAGMAS,
	.busy_ms = BUSY_MS,
	.steps = steps,
	.version = VERSION,
	.texts = store_statements,
	.count = SQL_COUNT,
	.beside = "evidence.db",
};

/* Runs are numbered anew: what is told of the old ones must not be taken for theirs. */
static int move_beside(struct store *s, pipe_error *err)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = 0; s->schema->beside && i < sizeof(parts) / sizeof(*parts); i++) {
		int rc = state_path(from, err, s->directory, "%s%s", s->schema->beside, parts[i]);

		if (!rc)
			rc = state_path(to, err, s->directory, "%s.gone%s", s->schema->beside, parts[i]);
		if (rc)
			return rc;
		if (rename(from, to) && errno != ENOENT)
			return error_errno(err, error_code_of(errno), errno, "cannot move %s away", from);
	}
	return PIPE_OK;
}

/* Makes an empty file a WAL database.  Two processes may try at once, and SQLite does not wait for that lock by itself. */
static int make_wal(struct store *s, pipe_error *err)
{
	const struct timespec pause = { 0, RETRY_MS * 1000000L };
	int result;

	for (unsigned waited = 0;; waited += RETRY_MS) {
		result = sqlite3_exec(s->db, s->schema->making, NULL, NULL, NULL);
		if (result != SQLITE_BUSY || waited >= BUSY_MS)
			break;
		nanosleep(&pause, NULL);
	}
	return result == SQLITE_OK ? PIPE_OK : store_fail(s, result, "make", err);
}

static int apply(struct store *s, int64_t *version, pipe_error *err)
{
	char sql[96];
	int rc = store_begin(s, err);

	if (!rc)
		rc = read_version(s, version, err); /* somebody else may have been faster */
	if (!rc && *version < s->schema->version) {
		rc = store_exec(s, s->schema->steps[*version], err);
		if (!rc && !*version)
			rc = move_beside(s, err);
		snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %lld", s->schema->application_id,
			 (long long)*version + 1);
		if (!rc)
			rc = store_exec(s, sql, err);
		++*version;
	}
	if (!rc)
		rc = store_commit(s, err);
	if (rc)
		store_rollback(s);
	return rc;
}

int migration_run(struct store *s, pipe_error *err)
{
	int64_t version;
	int rc = read_version(s, &version, err);

	if (!rc && version == 0)
		rc = make_wal(s, err);
	while (!rc && version < s->schema->version)
		rc = apply(s, &version, err);
	return rc;
}
