/*
 * What is asked of the history.  The database may have been brought along by anybody: states that do not exist, paths that leave
 * the state directory and numbers out of range are damage, said as such.
 */
#include "base/arena.h"
#include "base/error.h"
#include "base/suggest.h"
#include "runner/history/lock.h"
#include "runner/history/state.h"
#include "runner/store/connection.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int no_run(int64_t run, pipe_error *err)
{
	return error_set(err, PIPE_ENOTFOUND, "there is no run %" PRId64 "; `pipe history` lists them", run);
}

static int status_of(const struct query *q, int column, enum pipe_status *status, pipe_error *err)
{
	const char *text = query_text(q, column);

	if (status_by_name(text, strlen(text), status))
		return PIPE_OK;
	return store_damaged(q->store, "it holds a state that does not exist", err);
}

/* The only row of a query about a run: its first column as a number.  PIPE_ENOTFOUND: no row. */
static int single(struct query *q, int64_t run, int64_t *value, pipe_error *err)
{
	int rc = query_step(q, err);

	if (rc == 0)
		return no_run(run, err);
	if (rc < 0)
		return rc;
	*value = query_int(q, 0);
	query_end(q);
	return PIPE_OK;
}

/* ---- runs ---- */

int store_resolve_run(struct store *s, int64_t run, int64_t *number, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, run ? SQL_RUN_EXISTS : SQL_RUN_LAST, err);

	*number = 0;
	if (rc)
		return rc;
	if (run)
		query_bind_int(&q, run);
	rc = single(&q, run, number, err);
	if (rc == PIPE_ENOTFOUND && !run)
		rc = error_set(err, PIPE_ENOTFOUND, "there is no run in the history yet");
	return rc;
}

struct run_reader {
	int (*each)(void *, const pipe_run_record *);
	void *payload;
	unsigned count;
};

int store_run_at(const struct query *q, pipe_run_record *out, pipe_error *err)
{
	*out = (pipe_run_record){
		.number = query_int(q, 0),
		.started_ms = query_int(q, 2),
		.finished_ms = query_int(q, 3),
		.file = query_text(q, 4),
		.name = query_text(q, 5),
		.source = query_text(q, 6),
		.commit_sha = query_text(q, 7),
		.branch = query_text(q, 8),
		.title = query_text(q, 9),
		.dirty = query_int(q, 10) != 0,
		.jobs = (uint32_t)query_int(q, 11),
		.failed = (uint32_t)query_int(q, 12),
		.parent = query_int(q, 13),
	};
	return status_of(q, 1, &out->status, err);
}

static int read_run(struct query *q, void *context, pipe_error *err)
{
	struct run_reader *reader = context;
	pipe_run_record r;
	int rc = store_run_at(q, &r, err);

	reader->count++;
	return rc ? rc : reader->each(reader->payload, &r) != 0;
}

int store_runs(struct store *s, int64_t before, size_t limit, int (*each)(void *, const pipe_run_record *), void *payload,
	       pipe_error *err)
{
	struct run_reader reader = { each, payload, 0 };
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_LIST, err);

	if (rc)
		return rc;
	query_bind_int(&q, before > 0 ? before : INT64_MAX);
	query_bind_int(&q, limit && limit < INT32_MAX ? (int64_t)limit : -1);
	return query_each(&q, read_run, &reader, err);
}

int store_run(struct store *s, int64_t run, int (*each)(void *, const pipe_run_record *), void *payload, pipe_error *err)
{
	struct run_reader reader = { each, payload, 0 };
	struct query q;
	int rc = store_resolve_run(s, run, &run, err);

	if (!rc)
		rc = query_begin(&q, s, SQL_RUN_ONE, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	rc = query_each(&q, read_run, &reader, err);
	return rc || reader.count ? rc : no_run(run, err);
}

int store_run_status(struct store *s, int64_t run, enum pipe_status *status, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_STATUS, err);

	if (rc)
		return rc;
	query_bind_int(&q, run);
	rc = query_step(&q, err);
	if (rc == 0)
		return no_run(run, err);
	if (rc == 1) {
		rc = status_of(&q, 0, status, err);
		query_end(&q);
	}
	return rc;
}

int store_run_retry_of(struct store *s, int64_t run, int64_t *retry_of, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_RETRY_OF, err);

	if (rc)
		return rc;
	query_bind_int(&q, run);
	return single(&q, run, retry_of, err);
}

/* The first column of the only row, for the caller to free; NULL: no row. */
static int text_of(struct query *q, char **out, pipe_error *err)
{
	int rc = query_step(q, err);

	*out = NULL;
	if (rc != 1)
		return rc;
	*out = strdup(query_text(q, 0));
	query_end(q);
	return *out ? PIPE_OK : error_nomem(err);
}

int store_run_text(struct store *s, int64_t run, const char *column, char **out, pipe_error *err)
{
	static const struct {
		const char *column;
		enum statement id;
	} columns[] = {
		{ "definition", SQL_RUN_DEFINITION },
		{ "variables", SQL_RUN_VARIABLES },
		{ "options", SQL_RUN_OPTIONS },
		{ "nonce", SQL_RUN_NONCE },
	};
	struct query q;
	int rc;

	*out = NULL;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		if (strcmp(columns[i].column, column))
			continue;
		rc = store_resolve_run(s, run, &run, err);
		if (!rc)
			rc = query_begin(&q, s, columns[i].id, err);
		if (rc)
			return rc;
		query_bind_int(&q, run);
		rc = text_of(&q, out, err);
		return rc || *out ? rc : store_damaged(s, "a text of a run is missing", err);
	}
	return error_set(err, PIPE_EUSAGE, "a run has no text \"%s\"", column);
}

/* ---- jobs ---- */

/* Begins a query over the rows of a run's jobs or transitions. */
static int begin_range(struct query *q, struct store *s, enum statement id, int64_t run, pipe_error *err)
{
	int64_t first, last;
	int rc = query_begin(q, s, id, err);

	if (rc)
		return rc;
	store_keys(run, &first, &last); /* a range without rows when there can be no such run */
	query_bind_int(q, first);
	query_bind_int(q, last);
	return PIPE_OK;
}

struct job_reader {
	int (*each)(void *, const pipe_job_record *);
	void *payload;
};

int store_job_at(const struct query *q, pipe_job_record *out, pipe_error *err)
{
	*out = (pipe_job_record){
		.index = (uint32_t)query_int(q, 0),
		.name = query_text(q, 1),
		.stage = query_text(q, 2),
		.allow_failure = query_int(q, 4) != 0,
		.exit_code = (int)query_int(q, 5),
		.attempts = (uint32_t)query_int(q, 6),
		.queued_ms = query_int(q, 7),
		.started_ms = query_int(q, 8),
		.finished_ms = query_int(q, 9),
		.reason = query_text(q, 10),
		.failure = query_text(q, 11),
		.coverage = sqlite3_column_double(q->stmt, 12),
		.log_bytes = (uint64_t)query_int(q, 13),
		.log_lines = (uint64_t)query_int(q, 14),
	};
	return status_of(q, 3, &out->status, err);
}

static int read_job(struct query *q, void *context, pipe_error *err)
{
	struct job_reader *reader = context;
	pipe_job_record r;
	int rc = store_job_at(q, &r, err);

	return rc ? rc : reader->each(reader->payload, &r) != 0;
}

int store_jobs(struct store *s, int64_t run, int (*each)(void *, const pipe_job_record *), void *payload, pipe_error *err)
{
	struct job_reader reader = { each, payload };
	struct query q;
	int rc = store_resolve_run(s, run, &run, err);

	if (!rc)
		rc = begin_range(&q, s, SQL_JOB_LIST, run, err);
	return rc ? rc : query_each(&q, read_job, &reader, err);
}

struct nearest {
	struct suggest suggest;
	struct arena arena;
};

static int offer_name(struct query *q, void *context, pipe_error *err)
{
	struct nearest *n = context;
	char *name = arena_strdup(&n->arena, query_text(q, 0));

	if (!name)
		return error_nomem(err);
	suggest_offer(&n->suggest, name);
	return PIPE_OK;
}

static int no_job(struct store *s, int64_t run, const char *job, pipe_error *err)
{
	struct nearest n = { .arena = ARENA_INIT };
	struct query q;
	int rc;

	suggest_init(&n.suggest, job);
	rc = begin_range(&q, s, SQL_JOB_NAMES, run, err);
	if (!rc)
		rc = query_each(&q, offer_name, &n, err);
	if (!rc && n.suggest.best)
		rc = error_set(err, PIPE_ENOTFOUND, "run %" PRId64 " has no job \"%.150s\"; did you mean \"%.150s\"?", run, job,
			       n.suggest.best);
	else if (!rc)
		rc = error_set(err, PIPE_ENOTFOUND, "run %" PRId64 " has no job \"%.150s\"", run, job);
	arena_clear(&n.arena);
	return rc;
}

int store_job_index(struct store *s, int64_t run, const char *job, uint32_t *index, pipe_error *err)
{
	struct query q;
	int rc = store_resolve_run(s, run, &run, err);

	if (!rc)
		rc = begin_range(&q, s, SQL_JOB_FIND, run, err);
	if (rc)
		return rc;
	query_bind_text(&q, job);
	rc = query_step(&q, err);
	if (rc == 0)
		return no_job(s, run, job, err);
	if (rc < 0)
		return rc;
	*index = (uint32_t)query_int(&q, 0);
	query_end(&q);
	return PIPE_OK;
}

int store_job_status(struct store *s, int64_t run, uint32_t job, enum pipe_status *status, pipe_error *err)
{
	int64_t first, last;
	struct query q;
	int rc = query_begin(&q, s, SQL_JOB_STATUS, err);

	if (rc)
		return rc;
	query_bind_int(&q, store_keys(run, &first, &last) ? (first | job) : 0);
	rc = query_step(&q, err);
	if (rc == 0)
		return error_set(err, PIPE_ENOTFOUND, "run %" PRId64 " has no job with the index %u", run, job);
	if (rc == 1) {
		rc = status_of(&q, 0, status, err);
		query_end(&q);
	}
	return rc;
}

int store_transitions(struct store *s, int64_t run, int (*each)(void *, const pipe_transition_record *), void *payload,
		      pipe_error *err)
{
	struct query q;
	int rc = store_resolve_run(s, run, &run, err);

	if (!rc)
		rc = begin_range(&q, s, SQL_CHANGES_LIST, run, err);
	return rc ? rc : change_each(&q, each, payload, err);
}

/* ---- what jobs left ---- */

struct artifact_reader {
	int (*each)(void *, const pipe_artifact_record *);
	void *payload;
};

static int read_artifact(struct query *q, void *context, pipe_error *err)
{
	struct artifact_reader *reader = context;
	const char *path = query_text(q, 4);
	char absolute[PATH_MAX];
	pipe_artifact_record r = {
		.job_index = (uint32_t)query_int(q, 0),
		.job = query_text(q, 1),
		.name = query_text(q, 2),
		.kind = query_text(q, 3),
		.path = absolute,
		.bytes = (uint64_t)query_int(q, 5),
		.files = (uint32_t)query_int(q, 6),
		.expires_ms = query_int(q, 7),
	};
	int rc;

	if (!state_path_is_inside(path))
		return store_damaged(q->store, "the path of an artifact leaves the directory", err);
	rc = state_path(absolute, err, q->store->directory, "%s", path);
	return rc ? rc : reader->each(reader->payload, &r) != 0;
}

int store_artifacts(struct store *s, int64_t run, const char *job, int (*each)(void *, const pipe_artifact_record *),
		    void *payload, pipe_error *err)
{
	struct artifact_reader reader = { each, payload };
	uint32_t index = 0;
	struct query q;
	int rc = store_resolve_run(s, run, &run, err);

	if (!rc && job)
		rc = store_job_index(s, run, job, &index, err);
	if (!rc)
		rc = query_begin(&q, s, job ? SQL_ARTIFACT_OF_JOB : SQL_ARTIFACT_LIST, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	if (job)
		query_bind_int(&q, index);
	return query_each(&q, read_artifact, &reader, err);
}

struct note_reader {
	int (*each)(void *, const pipe_note_record *);
	void *payload;
};

static int read_note(struct query *q, void *context, pipe_error *err)
{
	struct note_reader *reader = context;
	bool of_job = query_int(q, 0) >= 0;
	pipe_note_record r = {
		.job_index = of_job ? (uint32_t)query_int(q, 0) : 0,
		.job = of_job ? query_text(q, 1) : NULL,
		.time_ms = query_int(q, 2),
		.kind = query_text(q, 3),
		.label = query_text(q, 4),
		.text = query_text(q, 5),
		.url = query_text(q, 6),
	};

	(void)err;
	return reader->each(reader->payload, &r) != 0;
}

int store_notes(struct store *s, int64_t run, int (*each)(void *, const pipe_note_record *), void *payload, pipe_error *err)
{
	struct note_reader reader = { each, payload };
	struct query q;
	int rc = store_resolve_run(s, run, &run, err);

	if (!rc)
		rc = query_begin(&q, s, SQL_NOTE_LIST, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	return query_each(&q, read_note, &reader, err);
}

int store_dotenv(struct store *s, int64_t run, uint32_t job, char **json, pipe_error *err)
{
	int64_t first, last;
	struct query q;
	int rc = query_begin(&q, s, SQL_DOTENV_GET, err);

	*json = NULL;
	if (rc)
		return rc;
	query_bind_int(&q, store_keys(run, &first, &last) ? (first | job) : 0);
	return text_of(&q, json, err);
}

/* ---- durations ---- */

struct duration_reader {
	int (*each)(void *, const char *, int64_t);
	void *payload;
};

/* The mean of the last five, the newest counting five times, the oldest once. */
static int read_duration(struct query *q, void *context, pipe_error *err)
{
	enum { LAST = 5 };
	struct duration_reader *reader = context;
	double sum = 0;
	int weights = 0;

	(void)err;
	for (int i = 0; i < LAST; i++) {
		if (sqlite3_column_type(q->stmt, 1 + i) == SQLITE_NULL)
			break;
		sum += (double)query_int(q, 1 + i) * (LAST - i);
		weights += LAST - i;
	}
	return reader->each(reader->payload, query_text(q, 0), weights ? (int64_t)(sum / weights + 0.5) : -1) != 0;
}

int store_durations(struct store *s, const char *file, int (*each)(void *, const char *, int64_t), void *payload, pipe_error *err)
{
	struct duration_reader reader = { each, payload };
	struct query q;
	int rc = query_begin(&q, s, SQL_DURATION_LIST, err);

	if (rc)
		return rc;
	query_bind_text(&q, file);
	return query_each(&q, read_duration, &reader, err);
}

/* ---- runs whose process is gone ---- */

struct lost_reader {
	int (*each)(void *, const struct store_lost *);
	void *payload;
};

static int read_running(struct query *q, void *context, pipe_error *err)
{
	struct lost_reader *reader = context;
	struct store_lost lost = { query_int(q, 0), query_text(q, 1) };

	(void)err;
	if (run_lock_is_held(q->store->directory, lost.run))
		return 0;
	return reader->each(reader->payload, &lost) != 0;
}

int store_lost_runs(struct store *s, int (*each)(void *, const struct store_lost *), void *payload, pipe_error *err)
{
	struct lost_reader reader = { each, payload };
	struct query q;
	int rc = query_begin(&q, s, SQL_RUNNING_LIST, err);

	return rc ? rc : query_each(&q, read_running, &reader, err);
}
