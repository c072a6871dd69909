/* What a run writes.  Each change is one or two statements inside the transaction that the first of them opens. */
#include "base/error.h"
#include "runner/history/lock.h"
#include "runner/store/connection.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

static int bad_run(int64_t run, pipe_error *err)
{
	return error_set(err, PIPE_ENOTFOUND, "there is no run %" PRId64, run);
}

/* ---- runs ---- */

/* Not for strangers: equal hashes are followed by a comparison. */
static int64_t hash_text(const char *text, size_t length)
{
	const uint64_t odd = 0x9e3779b97f4a7c15u;
	uint64_t hash = length * odd, word;

	for (; length >= 8; text += 8, length -= 8) {
		memcpy(&word, text, 8);
		hash = (hash ^ word) * odd;
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, text, length);
	hash = (hash ^ word) * odd;
	hash ^= hash >> 32;
	return (int64_t)(hash >> 1);
}

/* The id of a definition; runs that have the same share it. */
static int keep_definition(struct store *s, const char *text, int64_t *id, pipe_error *err)
{
	int64_t hash = hash_text(text, strlen(text));
	struct query q;
	int rc = query_begin(&q, s, SQL_DEFINITION_FIND, err);

	if (rc)
		return rc;
	query_bind_int(&q, hash);
	query_bind_text(&q, text);
	rc = query_step(&q, err);
	if (rc == 1) {
		*id = query_int(&q, 0);
		query_end(&q);
		return PIPE_OK;
	}
	if (!rc)
		rc = query_begin(&q, s, SQL_DEFINITION_INSERT, err);
	if (rc)
		return rc;
	query_bind_int(&q, hash);
	query_bind_text(&q, text);
	rc = query_run(&q, err);
	*id = sqlite3_last_insert_rowid(s->db);
	return rc;
}

static int insert_run(struct store *s, const struct store_run *run, int64_t definition, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_INSERT, err);

	if (rc)
		return rc;
	query_bind_text(&q, run->nonce);
	query_bind_int(&q, run->created_ms);
	query_bind_text(&q, run->file);
	query_bind_text(&q, run->name);
	query_bind_text(&q, run->source);
	query_bind_text(&q, run->commit_sha);
	query_bind_text(&q, run->branch);
	query_bind_text(&q, run->title);
	query_bind_int(&q, run->dirty);
	query_bind_int(&q, run->parent);
	query_bind_int(&q, run->parent_job);
	query_bind_int(&q, run->retry_of);
	query_bind_int(&q, run->jobs);
	query_bind_int(&q, definition);
	return query_run(&q, err);
}

static int insert_run_text(struct store *s, int64_t number, const struct store_run *run, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_TEXT_INSERT, err);

	if (rc)
		return rc;
	query_bind_int(&q, number);
	query_bind_text(&q, run->variables);
	query_bind_text(&q, run->options);
	return query_run(&q, err);
}

int store_run_create(struct store *s, const struct store_run *run, int64_t *number, pipe_error *err)
{
	int64_t definition, first, last;
	int rc = store_begin(s, err);

	*number = 0;
	if (!rc)
		rc = keep_definition(s, run->definition ? run->definition : "", &definition, err);
	if (!rc)
		rc = insert_run(s, run, definition, err);
	if (rc)
		return rc;
	*number = sqlite3_last_insert_rowid(s->db);
	if (!store_keys(*number, &first, &last)) {
		store_rollback(s);
		return error_set(err, PIPE_ELIMIT, "the history %s has no more numbers for runs: move it away", s->path);
	}
	return insert_run_text(s, *number, run, err);
}

static int finish_run(struct store *s, int64_t run, const char *status, int64_t time_ms, pipe_error *err)
{
	int64_t first, last;
	struct query q;
	int rc;

	if (!store_keys(run, &first, &last))
		return bad_run(run, err);
	rc = store_begin(s, err);
	if (!rc)
		rc = query_begin(&q, s, SQL_RUN_FINISH, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	query_bind_int(&q, first);
	query_bind_int(&q, last);
	query_bind_text(&q, status);
	query_bind_int(&q, time_ms);
	rc = query_run(&q, err);
	if (!rc && !sqlite3_changes(s->db))
		return bad_run(run, err);
	if (!rc)
		rc = query_begin(&q, s, SQL_RUN_DURATIONS, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	query_bind_int(&q, first);
	query_bind_int(&q, last);
	return query_run(&q, err);
}

int store_run_finish(struct store *s, int64_t run, enum pipe_status status, int64_t time_ms, pipe_error *err)
{
	return finish_run(s, run, pipe_status_name(status), time_ms, err);
}

/* ---- jobs ---- */

int store_job_create(struct store *s, int64_t run, const struct store_job *job, pipe_error *err)
{
	int64_t first, last;
	struct query q;
	int rc;

	if (!store_keys(run, &first, &last))
		return bad_run(run, err);
	rc = store_begin(s, err);
	if (!rc)
		rc = query_begin(&q, s, SQL_JOB_INSERT, err);
	if (rc)
		return rc;
	query_bind_int(&q, first | job->index);
	query_bind_text(&q, job->name);
	query_bind_text(&q, job->stage);
	query_bind_text(&q, pipe_status_name(job->status));
	query_bind_int(&q, job->allow_failure);
	query_bind_text(&q, job->environment);
	return query_run(&q, err);
}

/* How the job's row follows its state. */
static const enum statement updates[] = {
	[PIPE_STATUS_WAITING] = SQL_JOB_WAITS,	[PIPE_STATUS_READY] = SQL_JOB_WAITS,	[PIPE_STATUS_MANUAL] = SQL_JOB_WAITS,
	[PIPE_STATUS_STARTING] = SQL_JOB_WORKS, [PIPE_STATUS_RUNNING] = SQL_JOB_WORKS,	[PIPE_STATUS_COLLECTING] = SQL_JOB_WORKS,
	[PIPE_STATUS_SUCCESS] = SQL_JOB_ENDS,	[PIPE_STATUS_FAILED] = SQL_JOB_ENDS,	[PIPE_STATUS_WARNING] = SQL_JOB_ENDS,
	[PIPE_STATUS_SKIPPED] = SQL_JOB_ENDS,	[PIPE_STATUS_CANCELLED] = SQL_JOB_ENDS, [PIPE_STATUS_LOST] = SQL_JOB_ENDS,
};

/* began: of a change that is the beginning of the attempt as well, when that was; else 0. */
static int update_job(struct store *s, int64_t id, const struct store_change *c, int64_t began, pipe_error *err)
{
	enum statement update = began ? SQL_JOB_WORKS_AND_ENDS : updates[c->status];
	struct query q;
	int rc = query_begin(&q, s, update, err);

	if (rc)
		return rc;
	query_bind_int(&q, id);
	query_bind_text(&q, pipe_status_name(c->status));
	query_bind_int(&q, c->attempt);
	query_bind_int(&q, c->time_ms);
	query_bind_text(&q, c->reason);
	query_bind_text(&q, c->failure);
	query_bind_int(&q, c->exit_code);
	query_bind_text(&q, s->line.data);
	if (update != SQL_JOB_WAITS)
		query_bind_int(&q, c->pid);
	if (update != SQL_JOB_WAITS && update != SQL_JOB_WORKS) {
		query_bind_double(&q, c->coverage);
		query_bind_int(&q, (int64_t)c->log_bytes);
		query_bind_int(&q, (int64_t)c->log_lines);
	}
	if (began)
		query_bind_int(&q, began);
	rc = query_run(&q, err);
	if (!rc && !sqlite3_changes(s->db))
		rc = error_set(err, PIPE_ENOTFOUND, "run %" PRId64 " has no job with the index %u", id >> 32, c->job);
	return rc;
}

static int count_failed(struct store *s, int64_t run, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_COUNT_FAILED, err);

	if (rc)
		return rc;
	query_bind_int(&q, run);
	return query_run(&q, err);
}

/* ---- changes that are held ---- */

static int write_held(struct store *s, const struct held_change *h, pipe_error *err)
{
	const struct held_change *begin = h->begins < 0 ? NULL : &s->held.items[h->begins];
	int rc = PIPE_OK;

	str_reset(&s->line);
	if (begin)
		rc = change_line(s, &begin->change, begin->number, err);
	if (!rc)
		rc = change_line(s, &h->change, h->number, err);
	if (!rc)
		rc = update_job(s, h->id, &h->change, begin ? begin->change.time_ms : 0, err);
	if (!rc && h->change.status == PIPE_STATUS_FAILED)
		rc = count_failed(s, h->id >> 32, err);
	return rc;
}

int store_write_held(struct store *s, pipe_error *err)
{
	pipe_error why;
	int rc = PIPE_OK;

	s->held.writing = true;
	for (unsigned i = 0; !rc && i < s->held.count; i++)
		if (!s->held.items[i].in_end)
			rc = write_held(s, &s->held.items[i], &why);
	s->held.writing = false;
	store_drop_held(s);
	if (!rc)
		return PIPE_OK;
	if (!s->broken) /* by SQLite's own errors it is */
		store_give_up(s, &why);
	if (err)
		*err = why;
	return rc;
}

void store_drop_held(struct store *s)
{
	if (s->held.writing)
		return; /* it breaks while they are written: whoever writes them drops them */
	s->held.count = 0;
	arena_clear(&s->held.texts);
}

/* The held beginning of the attempt that this change ends; -1: there is none, or something came between. */
static int find_begin(const struct store *s, int64_t id, const struct store_change *end)
{
	for (unsigned i = s->held.count; updates[end->status] == SQL_JOB_ENDS && i-- > 0;) {
		const struct held_change *h = &s->held.items[i];

		if (h->id == id)
			return updates[h->change.status] == SQL_JOB_WORKS && h->change.attempt == end->attempt &&
					       h->change.time_ms
				       ? (int)i
				       : -1;
	}
	return -1;
}

static int hold(struct store *s, int64_t id, const struct store_change *change, pipe_error *err)
{
	struct held_change *h;
	int rc = s->held.count == HELD_MOST ? store_write_held(s, err) : PIPE_OK;

	if (rc)
		return rc;
	h = &s->held.items[s->held.count];
	*h = (struct held_change){ .id = id, .change = *change, .begins = find_begin(s, id, change) };
	if ((change->reason && !(h->change.reason = arena_strdup(&s->held.texts, change->reason))) ||
	    (change->failure && !(h->change.failure = arena_strdup(&s->held.texts, change->failure))))
		return error_nomem(err);
	h->number = ++s->changes;
	if (h->begins >= 0)
		s->held.items[h->begins].in_end = true;
	s->held.count++;
	return PIPE_OK;
}

int store_job_change(struct store *s, int64_t run, const struct store_change *change, pipe_error *err)
{
	int64_t first, last;
	int rc;

	if (!store_keys(run, &first, &last))
		return bad_run(run, err);
	if ((size_t)change->status >= sizeof(updates) / sizeof(*updates))
		return error_set(err, PIPE_EUSAGE, "there is no state %d", (int)change->status);
	rc = store_begin(s, err);
	return rc ? rc : hold(s, first | change->job, change, err);
}

/* ---- what jobs leave ---- */

int store_artifact_add(struct store *s, int64_t run, const struct store_artifact *artifact, pipe_error *err)
{
	struct query q;
	int rc = store_begin(s, err);

	if (!rc)
		rc = query_begin(&q, s, SQL_ARTIFACT_INSERT, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	query_bind_int(&q, artifact->job);
	query_bind_text(&q, artifact->name);
	query_bind_text(&q, artifact->kind);
	query_bind_text(&q, artifact->path);
	query_bind_int(&q, (int64_t)artifact->bytes);
	query_bind_int(&q, artifact->files);
	query_bind_int(&q, artifact->expires_ms);
	return query_run(&q, err);
}

int store_dotenv_set(struct store *s, int64_t run, uint32_t job, const char *json, pipe_error *err)
{
	int64_t first, last;
	struct query q;
	int rc;

	if (!store_keys(run, &first, &last))
		return bad_run(run, err);
	rc = store_begin(s, err);
	if (!rc)
		rc = query_begin(&q, s, SQL_DOTENV_SET, err);
	if (rc)
		return rc;
	query_bind_int(&q, first | job);
	query_bind_text(&q, json);
	return query_run(&q, err);
}

int store_note_add(struct store *s, int64_t run, const struct store_note *note, pipe_error *err)
{
	struct query q;
	int rc = store_begin(s, err);

	if (!rc)
		rc = query_begin(&q, s, SQL_NOTE_INSERT, err);
	if (rc)
		return rc;
	query_bind_int(&q, run);
	query_bind_int(&q, note->job == UINT32_MAX ? -1 : (int64_t)note->job);
	query_bind_int(&q, note->time_ms);
	query_bind_text(&q, note->kind);
	query_bind_text(&q, note->label);
	query_bind_text(&q, note->text);
	query_bind_text(&q, note->url);
	return query_run(&q, err);
}

/* ---- runs that end without their process, and go on with another ---- */

/* Changes all jobs of a run that are in some states. */
static int change_jobs(struct store *s, enum statement id, int64_t run, int64_t time_ms, const char *reason, pipe_error *err)
{
	int64_t first, last;
	struct query q;
	int rc;

	if (!store_keys(run, &first, &last))
		return bad_run(run, err);
	rc = query_begin(&q, s, id, err);
	if (rc)
		return rc;
	query_bind_int(&q, first);
	query_bind_int(&q, last);
	query_bind_int(&q, time_ms);
	query_bind_text(&q, reason);
	return query_run(&q, err);
}

int store_other_runs(struct store *s, int64_t run, bool *others, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUNNING_LIST, err);

	*others = false;
	while (!rc && (rc = query_step(&q, err)) == 1) {
		*others |= query_int(&q, 0) != run;
		rc = 0;
	}
	return rc;
}

int store_run_lost(struct store *s, int64_t run, int64_t time_ms, pipe_error *err)
{
	static const char reason[] = "the process that ran it has died";
	enum pipe_status status = PIPE_STATUS_LOST;
	int rc = store_begin(s, err);

	if (!rc)
		rc = store_run_status(s, run, &status, err);
	if (rc || status != PIPE_STATUS_RUNNING || run_lock_is_held(s->directory, run))
		return rc; /* it came to an end, or somebody else was faster */
	rc = change_jobs(s, SQL_LOST_JOBS, run, time_ms, reason, err);
	if (!rc)
		rc = finish_run(s, run, pipe_status_name(PIPE_STATUS_LOST), time_ms, err);
	return rc;
}

static int reopen_run(struct store *s, int64_t run, const char *nonce, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_REOPEN_RUN, err);

	if (rc)
		return rc;
	query_bind_int(&q, run);
	query_bind_text(&q, nonce);
	return query_run(&q, err);
}

int store_run_reopen(struct store *s, int64_t run, const char *nonce, pipe_error *err)
{
	static const char reason[] = "the run is taken up again";
	enum pipe_status status = PIPE_STATUS_LOST;
	struct timespec now;
	int64_t now_ms;
	int rc = store_begin(s, err);

	if (!rc)
		rc = store_run_status(s, run, &status, err);
	if (!rc && status == PIPE_STATUS_RUNNING)
		rc = error_set(err, PIPE_EBUSY, "run %" PRId64 " is running", run);
	if (rc)
		return rc;
	clock_gettime(CLOCK_REALTIME, &now);
	now_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
	rc = reopen_run(s, run, nonce, err);
	if (!rc)
		rc = change_jobs(s, SQL_REOPEN_JOBS, run, now_ms, reason, err);
	return rc;
}
