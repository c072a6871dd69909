/* Every statement of the store, and how one is used.  They are prepared when first needed and kept. */
#include "base/error.h"
#include "runner/store/connection.h"

/* As read_run in read.c takes them. */
#define RUN_COLUMNS                                                                                                              \
	"number, status, created, finished, file, name, source, commit_sha, branch, title, dirty, jobs, failed, "                \
	"CASE parent WHEN 0 THEN retry_of ELSE parent END"
#define JOB_COLUMNS                                                                                                              \
	"j.id & 0xffffffff, j.name, j.stage, j.status, j.allow_failure, j.exit_code, j.attempts, j.queued, j.started, "          \
	"j.finished, j.reason, j.failure, j.coverage, j.log_bytes, j.log_lines"
#define ARTIFACT_COLUMNS "a.job, j.name, a.name, a.kind, a.path, a.bytes, a.files, a.expires"
#define UNFINISHED "status IN ('waiting', 'ready', 'starting', 'running', 'collecting')"
#define OPEN_AGAIN "status NOT IN ('success', 'warning', 'waiting')"
/* A line as change.c makes them, for every job of a run at once: ?3 the time, ?4 the reason. */
#define ADD_LINE(status) "changes = changes || ?3 || ' 0 ' || attempts || ' " status " ' || ?4 || char(10)"

const char *const store_statements[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",

	[SQL_RUN_INSERT] =
		"INSERT INTO run(nonce, status, created, file, name, source, commit_sha, branch, title, dirty, parent, "
		"parent_job, retry_of, jobs, definition) VALUES (?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_RUN_TEXT_INSERT] = "INSERT INTO run_text(run, variables, options) VALUES (?, ?, ?)",
	[SQL_DEFINITION_FIND] = "SELECT id FROM definition WHERE hash = ? AND body = ?",
	[SQL_DEFINITION_INSERT] = "INSERT INTO definition(hash, body) VALUES (?, ?)",
	[SQL_RUN_FINISH] =
		"UPDATE run SET status = ?4, finished = ?5, failed = (SELECT count(*) FROM job WHERE id BETWEEN ?2 AND ?3 "
		"AND status = 'failed') WHERE number = ?1",
	[SQL_RUN_COUNT_FAILED] = "UPDATE run SET failed = failed + 1 WHERE number = ?",
	/* a run that was taken up again is finished more than once: what it counted then stays */
	[SQL_RUN_DURATIONS] =
		"INSERT INTO duration(file, job, run, ms1) SELECT run.file, job.name, run.number, job.finished - job.started "
		"FROM run, job WHERE run.number = ?1 AND job.id BETWEEN ?2 AND ?3 AND job.status = 'success' "
		"AND job.started > 0 AND job.finished >= job.started "
		"ON CONFLICT(file, job) DO UPDATE SET ms5 = ms4, ms4 = ms3, ms3 = ms2, ms2 = ms1, ms1 = excluded.ms1, run = excluded.run "
		"WHERE run <> excluded.run",
	[SQL_JOB_INSERT] = "INSERT INTO job(id, name, stage, status, allow_failure, environment) VALUES (?, ?, ?, ?, ?, ?)",
	/* those of a change begin alike: id, status, attempt, time, reason, failure, exit code, line; then pid, coverage, log */
	[SQL_JOB_WAITS] =
		"UPDATE job SET status = ?2, attempts = max(attempts, ?3), queued = CASE queued WHEN 0 THEN ?4 ELSE queued END, "
		"finished = 0, reason = ?5, failure = ?6, exit_code = ?7, changes = changes || ?8 WHERE id = ?1",
	[SQL_JOB_WORKS] =
		"UPDATE job SET status = ?2, started = CASE WHEN started_attempt <> ?3 OR started = 0 THEN ?4 ELSE started END, "
		"started_attempt = ?3, attempts = ?3, queued = CASE queued WHEN 0 THEN ?4 ELSE queued END, finished = 0, "
		"reason = ?5, failure = ?6, exit_code = ?7, changes = changes || ?8, pid = CASE ?9 WHEN 0 THEN pid ELSE ?9 END "
		"WHERE id = ?1",
	[SQL_JOB_ENDS] =
		"UPDATE job SET status = ?2, attempts = max(attempts, ?3), finished = ?4, reason = ?5, failure = ?6, "
		"exit_code = ?7, changes = changes || ?8, pid = 0, coverage = ?10, log_bytes = ?11, log_lines = ?12 WHERE id = ?1",
	/* both in one: ?4 the end, ?13 the beginning */
	[SQL_JOB_WORKS_AND_ENDS] =
		"UPDATE job SET status = ?2, started = CASE WHEN started_attempt <> ?3 OR started = 0 THEN ?13 ELSE started END, "
		"started_attempt = ?3, attempts = ?3, queued = CASE queued WHEN 0 THEN ?13 ELSE queued END, finished = ?4, "
		"reason = ?5, failure = ?6, exit_code = ?7, changes = changes || ?8, pid = 0, coverage = ?10, log_bytes = ?11, "
		"log_lines = ?12 WHERE id = ?1",
	[SQL_ARTIFACT_INSERT] =
		"INSERT OR REPLACE INTO artifact(run, job, name, kind, path, bytes, files, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_DOTENV_SET] = "INSERT OR REPLACE INTO dotenv(id, variables) VALUES (?, ?)",
	[SQL_NOTE_INSERT] = "INSERT INTO note(run, job, time, kind, label, text, url) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_REOPEN_RUN] = "UPDATE run SET status = 'running', finished = 0, failed = 0, nonce = ?2 WHERE number = ?1",
	[SQL_REOPEN_JOBS] =
		"UPDATE job SET status = 'waiting', queued = 0, started = 0, finished = 0, reason = ?4, failure = '', "
		"exit_code = -1, " ADD_LINE("waiting") " WHERE id BETWEEN ?1 AND ?2 AND " OPEN_AGAIN,
	[SQL_LOST_JOBS] =
		"UPDATE job SET status = 'lost', finished = ?3, reason = ?4, failure = 'runner_system_failure', pid = 0, " ADD_LINE(
			"lost") " WHERE id BETWEEN ?1 AND ?2 AND " UNFINISHED,

	[SQL_RUN_LAST] = "SELECT number FROM run WHERE parent = 0 ORDER BY number DESC LIMIT 1",
	[SQL_RUN_EXISTS] = "SELECT number FROM run WHERE number = ?",
	[SQL_RUN_LIST] = "SELECT " RUN_COLUMNS " FROM run WHERE number < ? ORDER BY number DESC LIMIT ?",
	[SQL_RUN_ONE] = "SELECT " RUN_COLUMNS " FROM run WHERE number = ?",
	[SQL_RUN_RETRY_OF] = "SELECT retry_of FROM run WHERE number = ?",
	[SQL_RUN_STATUS] = "SELECT status FROM run WHERE number = ?",
	[SQL_RUN_NONCE] = "SELECT nonce FROM run WHERE number = ?",
	[SQL_RUN_DEFINITION] = "SELECT body FROM run, definition WHERE run.number = ? AND definition.id = run.definition",
	[SQL_RUN_VARIABLES] = "SELECT variables FROM run_text WHERE run = ?",
	[SQL_RUN_OPTIONS] = "SELECT options FROM run_text WHERE run = ?",
	[SQL_RUNNING_LIST] = "SELECT number, nonce FROM run WHERE status = 'running' ORDER BY number",
	[SQL_JOB_LIST] = "SELECT " JOB_COLUMNS " FROM job AS j WHERE id BETWEEN ? AND ? ORDER BY id",
	[SQL_JOB_FIND] = "SELECT id & 0xffffffff FROM job WHERE id BETWEEN ? AND ? AND name = ? LIMIT 1",
	[SQL_JOB_NAMES] = "SELECT name FROM job WHERE id BETWEEN ? AND ? ORDER BY id",
	[SQL_JOB_STATUS] = "SELECT status FROM job WHERE id = ?",
	[SQL_CHANGES_LIST] = "SELECT id & 0xffffffff, changes FROM job WHERE id BETWEEN ? AND ? ORDER BY id",
	[SQL_ARTIFACT_LIST] = "SELECT " ARTIFACT_COLUMNS " FROM artifact AS a JOIN job AS j ON j.id = (a.run << 32 | a.job) "
			      "WHERE a.run = ? ORDER BY a.job, a.id",
	[SQL_ARTIFACT_OF_JOB] = "SELECT " ARTIFACT_COLUMNS " FROM artifact AS a JOIN job AS j ON j.id = (a.run << 32 | a.job) "
				"WHERE a.run = ? AND a.job = ? ORDER BY a.id",
	[SQL_DOTENV_GET] = "SELECT variables FROM dotenv WHERE id = ?",
	[SQL_NOTE_LIST] =
		"SELECT n.job, coalesce(j.name, ''), n.time, n.kind, n.label, n.text, n.url FROM note AS n LEFT JOIN job AS j "
		"ON n.job >= 0 AND j.id = (n.run << 32 | n.job) WHERE n.run = ? ORDER BY n.id",
	/* ?1 to ?2 numbers of runs; of the texts "" is any */
	[SQL_RUN_CURSOR] = "SELECT " RUN_COLUMNS " FROM run WHERE number BETWEEN ?1 AND ?2 AND (?3 = '' OR file = ?3) "
			   "AND (?4 = '' OR branch = ?4) AND (?5 = '' OR source = ?5) AND (?6 = '' OR status = ?6) "
			   "ORDER BY number DESC",
	[SQL_JOB_CURSOR] = "SELECT " JOB_COLUMNS ", j.environment, r.number FROM run AS r CROSS JOIN job AS j "
			   "ON j.id BETWEEN r.number << 32 AND (r.number << 32 | 0xffffffff) WHERE r.number BETWEEN ?1 AND ?2 "
			   "AND (?3 = '' OR j.name = ?3) AND (?4 = '' OR j.environment = ?4) AND (?5 = '' OR j.status = ?5) "
			   "ORDER BY r.number DESC, j.id",
	[SQL_DURATION_LIST] = "SELECT job, ms1, ms2, ms3, ms4, ms5 FROM duration WHERE file = ?",

	[SQL_RUN_BASELINE] =
		"SELECT number, commit_sha FROM run WHERE file = ? AND branch = ? AND number < ? AND status = 'success' AND NOT dirty "
		/* some of its jobs say nothing of the others */
		"AND NOT EXISTS (SELECT 1 FROM run_text AS t WHERE t.run = run.number AND CASE WHEN json_valid(t.options) "
		"THEN coalesce(t.options ->> '$.jobs', t.options ->> '$.stage') IS NOT NULL END) "
		"ORDER BY number DESC LIMIT 1",
	/* of the file of run ?1, ended before it began; of a retry: before the run that it repeats.  So all jobs of a run are told the
	 * same, whenever they ask. */
	[SQL_RUNS_OF_FILE] =
		"WITH RECURSIVE origin AS (SELECT number, retry_of, file, created FROM run WHERE number = ?1 UNION ALL "
		"SELECT r.number, r.retry_of, r.file, r.created FROM origin AS o CROSS JOIN run AS r ON r.number = o.retry_of) "
		"SELECT r.number FROM (SELECT min(number) AS number, file, created FROM origin) AS o CROSS JOIN run AS r "
		"ON r.file = o.file AND r.number < o.number AND r.finished BETWEEN 1 AND o.created ORDER BY r.number DESC LIMIT ?2",

	/* of the file and branch of run ?1, up to it */
	[SQL_RUNS_OF_BRANCH] = "SELECT r.number FROM run AS o CROSS JOIN run AS r ON r.file = o.file AND r.number <= o.number "
			       "AND r.branch = o.branch WHERE o.number = ?1 ORDER BY r.number DESC LIMIT ?2",

	[SQL_GC_RUNS] =
		"SELECT number, CASE finished WHEN 0 THEN created ELSE finished END, retry_of, status = 'running' OR number = "
		"(SELECT max(last.number) FROM run AS last WHERE last.file = run.file) FROM run ORDER BY number DESC",
	[SQL_GC_RUN] = "DELETE FROM run WHERE number = ? AND status <> 'running'",
	[SQL_GC_RUN_TEXT] = "DELETE FROM run_text WHERE run = ?",
	[SQL_GC_JOBS] = "DELETE FROM job WHERE id BETWEEN ? AND ?",
	[SQL_GC_ARTIFACTS] = "DELETE FROM artifact WHERE run = ?",
	[SQL_GC_DOTENV] = "DELETE FROM dotenv WHERE id BETWEEN ? AND ?",
	[SQL_GC_NOTES] = "DELETE FROM note WHERE run = ?",
	[SQL_GC_DEFINITIONS] = "DELETE FROM definition WHERE id NOT IN (SELECT definition FROM run)",
	[SQL_GC_DURATIONS] = "DELETE FROM duration WHERE run < (SELECT min(number) FROM run)",
	/* shared: another artifact that has not expired says the same file */
	[SQL_GC_EXPIRED] =
		"SELECT a.id, a.run, a.path, EXISTS (SELECT 1 FROM artifact AS b WHERE b.path = a.path AND b.id <> a.id "
		"AND (b.expires = 0 OR b.expires > ?1)) FROM artifact AS a JOIN run ON run.number = a.run "
		"WHERE a.expires > 0 AND a.expires <= ?1 AND run.status <> 'running'",
	[SQL_GC_ARTIFACT] = "DELETE FROM artifact WHERE id = ?",
};

int query_begin(struct query *q, struct store *s, unsigned id, pipe_error *err)
{
	q->store = s;
	q->id = id;
	q->bound = 0;
	q->result = SQLITE_OK;
	q->stmt = NULL;
	if (s->held.count && !s->held.writing) {
		int rc = store_write_held(s, err);

		if (rc)
			return rc;
	}
	q->stmt = s->statements[id];
	s->statements[id] = NULL;
	if (!q->stmt) {
		int result = sqlite3_prepare_v3(s->db, s->schema->texts[id], -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);

		if (result != SQLITE_OK)
			return store_fail(s, result, s->open ? "write" : "read", err);
	}
	return PIPE_OK;
}

/* What cannot be prepared now says so when it is needed. */
void store_get_ready(struct store *s)
{
	static const enum statement ids[] = { SQL_JOB_WORKS_AND_ENDS, SQL_RUN_FINISH, SQL_RUN_DURATIONS };

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (!s->statements[ids[i]])
			(void)sqlite3_prepare_v3(s->db, store_statements[ids[i]], -1, SQLITE_PREPARE_PERSISTENT,
						 &s->statements[ids[i]], NULL);
}

static void bound(struct query *q, int result)
{
	if (q->result == SQLITE_OK)
		q->result = result;
}

void query_bind_int(struct query *q, int64_t value)
{
	bound(q, sqlite3_bind_int64(q->stmt, ++q->bound, value));
}

void query_bind_double(struct query *q, double value)
{
	bound(q, sqlite3_bind_double(q->stmt, ++q->bound, value));
}

void query_bind_text(struct query *q, const char *text)
{
	bound(q, sqlite3_bind_text(q->stmt, ++q->bound, text ? text : "", -1, SQLITE_STATIC));
}

static int step(struct query *q)
{
	return q->result == SQLITE_OK ? sqlite3_step(q->stmt) : q->result;
}

int query_step(struct query *q, pipe_error *err)
{
	int result;

	if (!q->stmt)
		return 0;
	result = step(q);
	if (result == SQLITE_ROW)
		return 1;
	if (result != SQLITE_DONE)
		result = store_fail(q->store, result, "read", err);
	else
		result = 0;
	query_end(q);
	return result;
}

void query_end(struct query *q)
{
	struct store *s = q->store;

	if (!q->stmt)
		return;
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	if (s->statements[q->id])
		sqlite3_finalize(q->stmt);
	else
		s->statements[q->id] = q->stmt;
	q->stmt = NULL;
}

int query_each(struct query *q, query_row one, void *context, pipe_error *err)
{
	int rc = PIPE_OK;

	while (!rc && (rc = query_step(q, err)) == 1)
		rc = one(q, context, err);
	query_end(q);
	return rc < 0 ? rc : PIPE_OK;
}

int query_run(struct query *q, pipe_error *err)
{
	int result = step(q), rc = PIPE_OK;

	if (result != SQLITE_DONE && result != SQLITE_ROW)
		rc = store_break(q->store, result, err);
	query_end(q);
	return rc;
}

uint32_t query_count(const struct query *q, int column)
{
	int64_t value = query_int(q, column);

	return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

const char *query_text(const struct query *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q->stmt, column);

	return text ? text : "";
}

int64_t query_int(const struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}
