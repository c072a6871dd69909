/*
 * The connection: opening, transactions, errors, and the write-ahead log.
 *
 * The write-ahead log is not folded into the database whenever somebody closes it, as SQLite does by default: that costs two disk
 * flushes, more than a small run itself.  What a run has just written is left as it is, up to LEAVE_PAGES; what it found from earlier
 * ones beyond KEEP_PAGES is folded in at its end, when the system has long written most of it.  The next to open a left-over log
 * reads it once, 2 us a page.
 */
#include "runner/store/connection.h"

#include "base/error.h"
#include "runner/history/state.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKPOINT_PAGES = 4000, LEAVE_PAGES = 2000, KEEP_PAGES = 256 };

/* ---- errors ---- */

#define ELSEWHERE "or set PIPE_STATE_DIR to another directory"
static const struct {
	int result;
	enum pipe_code code;
	const char *what, *advice;
} sentences[] = {
	{ SQLITE_FULL, PIPE_EIO, "the disk is full", "free some space, " ELSEWHERE },
	{ SQLITE_BUSY, PIPE_EBUSY, "another process keeps it locked", "try again when that one has ended" },
	{ SQLITE_LOCKED, PIPE_EBUSY, "it is locked", "try again" },
	{ SQLITE_NOTADB, PIPE_ESTORE, "the file is not a database", "move it away: the next run makes a new one" },
	{ SQLITE_CORRUPT, PIPE_ESTORE, "the database is damaged",
	  "save what can be saved with the .recover of `sqlite3`, then move it away: the next run makes a new one" },
	{ SQLITE_READONLY, PIPE_EIO, "it may only be read", "make the directory writable, " ELSEWHERE },
	{ SQLITE_PERM, PIPE_EIO, "permission denied", "make the directory writable, " ELSEWHERE },
	{ SQLITE_AUTH, PIPE_EIO, "permission denied", "make the directory writable, " ELSEWHERE },
	{ SQLITE_CANTOPEN, PIPE_EIO, "the file cannot be opened", "make the directory writable, " ELSEWHERE },
	{ SQLITE_TOOBIG, PIPE_ELIMIT, "a text is longer than the database can hold", "make the pipeline file smaller" },
};

static bool is_full(int errno_value)
{
	return errno_value == ENOSPC || errno_value == EDQUOT;
}

static const char *subject(const struct store *s)
{
	return s->schema->subject ? s->schema->subject : "history";
}

int store_fail(struct store *s, int result, const char *action, pipe_error *err)
{
	int primary = result & 0xff, why = 0;
	char because[128];

	if (primary == SQLITE_NOMEM)
		return error_nomem(err);
	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
		why = sqlite3_system_errno(s->db);
	if (is_full(why))
		primary = SQLITE_FULL;
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		const char *what = sentences[i].what;

		if (sentences[i].result != primary)
			continue;
		if (why && !is_full(why))
			what = strerror_r(why, because, sizeof(because));
		return error_set(err, sentences[i].code, "cannot %s the %s %s: %s; %s", action, subject(s), s->path, what,
				 s->schema->advice ? s->schema->advice : sentences[i].advice);
	}
	if (why)
		return error_errno(err, PIPE_EIO, why, "cannot %s the %s %s", action, subject(s), s->path);
	return error_set(err, primary == SQLITE_IOERR ? PIPE_EIO : PIPE_ESTORE, "cannot %s the %s %s: %s", action, subject(s),
			 s->path, sqlite3_errmsg(s->db));
}

void store_give_up(struct store *s, const pipe_error *why)
{
	s->failure = *why;
	store_rollback(s);
	s->broken = true;
}

int store_break(struct store *s, int result, pipe_error *err)
{
	pipe_error why;
	int rc = store_fail(s, result, "write", &why);

	store_give_up(s, &why);
	if (err)
		*err = why;
	return rc;
}

int store_damaged(const struct store *s, const char *what, pipe_error *err)
{
	return error_set(err, PIPE_ESTORE, "the history %s is damaged: %s; move it away: the next run makes a new one", s->path,
			 what);
}

/* ---- statements without a slot ---- */

int store_exec(struct store *s, const char *sql, pipe_error *err)
{
	int result = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return result == SQLITE_OK ? PIPE_OK : store_fail(s, result, s->mode == STORE_WRITE ? "write" : "read", err);
}

int store_number(struct store *s, const char *sql, int64_t *value, pipe_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	*value = 0;
	if (result == SQLITE_OK)
		result = sqlite3_step(stmt);
	if (result == SQLITE_ROW) {
		*value = sqlite3_column_int64(stmt, 0);
		result = SQLITE_DONE;
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? PIPE_OK : store_fail(s, result, "read", err);
}

/* ---- transactions ---- */

int store_begin(struct store *s, pipe_error *err)
{
	struct query q;
	int rc;

	if (s->open)
		return PIPE_OK;
	if (s->broken) {
		if (err)
			*err = s->failure;
		return s->failure.code;
	}
	if (s->mode != STORE_WRITE)
		return error_set(err, PIPE_EUSAGE, "the history %s is open for reading only", s->path);
	rc = query_begin(&q, s, SQL_BEGIN, err);
	if (!rc)
		rc = query_run(&q, err);
	s->open = !rc;
	return rc;
}

int store_commit(struct store *s, pipe_error *err)
{
	struct query q;
	int rc;

	if (s->broken) {
		s->broken = false;
		if (err)
			*err = s->failure;
		return s->failure.code;
	}
	if (!s->open)
		return PIPE_OK;
	rc = query_begin(&q, s, SQL_COMMIT, err); /* this writes what is held */
	if (!rc)
		rc = query_run(&q, err);
	if (rc)
		store_rollback(s);
	s->broken = false; /* it is said now */
	s->open = false;
	return rc;
}

void store_rollback(struct store *s)
{
	/* SQLite has done so itself after some errors */
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->open = false;
	store_drop_held(s);
}

bool store_has_changes(const struct store *s)
{
	return s->open;
}

/* ---- the write-ahead log ---- */

/* After each commit.  A checkpoint that fails is no failure of the commit: it is tried again after the next one. */
static int committed(void *context, sqlite3 *db, const char *name, int pages)
{
	struct store *s = context;

	if (!s->wal_found)
		s->wal_found = pages;
	s->wal_pages = pages;
	if (pages >= CHECKPOINT_PAGES)
		(void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

/* ---- opening ---- */

static int set_up(struct store *s, pipe_error *err)
{
	sqlite3_busy_timeout(s->db, s->schema->busy_ms);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_wal_hook(s->db, committed, s);
	return store_exec(s, s->schema->pragmas, err);
}

static int connect(struct store *s, const char *name, int flags, pipe_error *err)
{
	int result = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (!s->db)
		return error_nomem(err);
	if (result != SQLITE_OK)
		return store_fail(s, result, "open", err);
	return set_up(s, err);
}

static void disconnect(struct store *s)
{
	for (size_t i = 0; i < s->schema->count; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

static int open_to_write(struct store *s, bool durable, pipe_error *err)
{
	struct stat st;
	bool is_new;
	int rc = state_make(s->directory, err);

	if (rc)
		return rc;
	is_new = stat(s->path, &st) != 0 || st.st_size == 0;
	rc = connect(s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	/* nothing is lost if the power fails while an empty database is made, and the flushes would take longer than a small run */
	if (!rc && is_new && !durable)
		rc = store_exec(s, "PRAGMA synchronous = OFF", err);
	if (!rc)
		rc = migration_run(s, err);
	if (!rc)
		rc = store_exec(s, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
	return rc;
}

/* In a directory that cannot be written SQLite cannot make the files beside the database that a WAL database needs.  When there is
 * no log left over, the database alone is complete, and nobody can be writing it. */
static int connect_frozen(struct store *s, pipe_error *err)
{
	char wal[PATH_MAX], *name, *to;
	struct stat st;
	int rc = state_path(wal, err, s->directory, "%s-wal", s->schema->file);

	if (rc)
		return rc;
	if (stat(wal, &st) == 0 && st.st_size > 0)
		return store_fail(s, SQLITE_READONLY, "read", err);
	name = malloc(strlen(s->path) * 3 + sizeof("file:?immutable=1"));
	if (!name)
		return error_nomem(err);
	memcpy(name, "file:", 5);
	to = name + 5;
	for (const char *from = s->path; *from; from++) {
		if (strchr("%?#", *from)) {
			static const char digits[] = "0123456789abcdef";

			*to++ = '%';
			*to++ = digits[(unsigned char)*from >> 4];
			*to++ = digits[*from & 15];
		} else {
			*to++ = *from;
		}
	}
	memcpy(to, "?immutable=1", sizeof("?immutable=1"));
	disconnect(s);
	rc = connect(s, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	free(name);
	return rc;
}

static int open_to_read(struct store *s, pipe_error *err)
{
	struct stat st;
	bool old;
	int rc;

	if (stat(s->path, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return error_set(err, PIPE_ENOTFOUND, "there is no %s in %s", subject(s), s->directory);
		return error_errno(err, error_code_of(errno), errno, "cannot read the %s %s", subject(s), s->path);
	}
	rc = connect(s, s->path, SQLITE_OPEN_READONLY, err);
	if (!rc)
		rc = migration_check(s, &old, err);
	if (rc == PIPE_EIO && access(s->directory, W_OK) && access(s->path, R_OK) == 0) {
		rc = connect_frozen(s, err);
		if (!rc)
			rc = migration_check(s, &old, err);
	}
	if (rc || !old)
		return rc;
	disconnect(s);
	rc = connect(s, s->path, SQLITE_OPEN_READWRITE, err);
	if (!rc) {
		s->mode = STORE_WRITE;
		rc = migration_run(s, err);
		s->mode = STORE_READ;
	}
	return rc;
}

static struct store *allocate(const struct store_schema *schema, const char *directory, enum store_mode mode)
{
	struct store *s = calloc(1, sizeof(*s));
	size_t size = strlen(directory) + strlen(schema->file) + 2;

	if (!s)
		return NULL;
	str_init(&s->line);
	s->schema = schema;
	s->mode = mode;
	s->statements = calloc(schema->count, sizeof(sqlite3_stmt *));
	s->directory = strdup(directory);
	s->path = malloc(size);
	if (!s->statements || !s->directory || !s->path) {
		store_free(s);
		return NULL;
	}
	snprintf(s->path, size, "%s/%s", directory, schema->file);
	return s;
}

int store_open_schema(struct store **out, const struct store_schema *schema, const char *directory, enum store_mode mode,
		      bool durable, pipe_error *err)
{
	struct store *s = allocate(schema, directory, mode);
	int rc;

	*out = NULL;
	if (!s)
		return error_nomem(err);
	rc = mode == STORE_WRITE ? open_to_write(s, durable, err) : open_to_read(s, err);
	if (rc) {
		store_free(s);
		return rc;
	}
	*out = s;
	return PIPE_OK;
}

int store_open(struct store **out, const char *directory, enum store_mode mode, bool durable, pipe_error *err)
{
	return store_open_schema(out, &store_history, directory, mode, durable, err);
}

void store_free(struct store *s)
{
	if (!s)
		return;
	if (s->db) {
		store_rollback(s);
		if (s->mode == STORE_WRITE && s->wal_pages > (s->wal_found > KEEP_PAGES ? KEEP_PAGES : LEAVE_PAGES)) {
			sqlite3_busy_timeout(s->db, 0); /* a reader keeps it from being emptied: then the next one does it */
			(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		}
		disconnect(s);
	}
	str_clear(&s->line);
	free(s->directory);
	free(s->path);
	free(s->statements);
	free(s);
}

const char *store_directory(const struct store *s)
{
	return s->directory;
}
