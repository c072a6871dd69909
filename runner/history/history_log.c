/*
 * A job's log out of the history, as far as it goes or to its end while it grows.  The log of a job that was kept from an earlier run
 * is that run's.
 */
#include "base/error.h"
#include "runner/history/follow.h"
#include "runner/history/lock.h"
#include "runner/history/project.h"
#include "runner/history/state.h"
#include "runner/log/log.h"
#include "runner/store/store.h"
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

enum { PIECE = 64 * 1024, MAX_LINE = 1 << 20 };

struct log_source {
	pipe_project *project;
	struct store *store;
	const pipe_log_options *options;
	int64_t run;
	uint32_t job;
	char path[PATH_MAX]; /* without suffix */
	struct log_reader *reader;
	char *buffer;
	int (*each)(void *payload, int64_t time_ms, const char *text, size_t length);
	void *payload;
	bool stopped; /* by the receiver */
};

static int open_log(struct log_source *l, pipe_error *err)
{
	int rc;

	if (l->reader)
		return PIPE_OK;
	rc = state_path(l->path, err, l->project->state_directory, "runs/%" PRId64 "/%u", l->run, l->job);
	if (!rc)
		rc = log_reader_open(&l->reader, l->path, err);
	if (!rc && l->options->from_line > 1)
		rc = log_seek_line(l->reader, l->options->from_line, err);
	return rc;
}

/* A job that succeeded in the run that this one repeats wrote its log there. */
static int open_kept_log(struct log_source *l, const char *job, pipe_error *err)
{
	int64_t run = l->run, of;
	int rc = open_log(l, err);

	while (rc == PIPE_ENOTFOUND) {
		rc = store_run_retry_of(l->store, run, &of, err);
		if (rc || of <= 0 || of >= run)
			return rc ? rc : PIPE_ENOTFOUND;
		run = of;
		rc = store_job_index(l->store, run, job, &l->job, err);
		if (rc)
			return rc;
		l->run = run;
		rc = open_log(l, err);
	}
	return rc;
}

static int show_lines(struct log_source *l, pipe_error *err)
{
	int64_t time_ms;
	const char *text;
	size_t length;
	int rc;

	while (!(rc = log_read_line(l->reader, &time_ms, &text, &length, MAX_LINE, err)) && text) {
		if (l->each(l->payload, time_ms, text, length)) {
			l->stopped = true;
			break;
		}
	}
	return rc;
}

static int show_pieces(struct log_source *l, pipe_error *err)
{
	size_t length;
	int rc;

	while (!(rc = log_read(l->reader, l->buffer, PIECE, &length, err)) && length) {
		if (l->each(l->payload, 0, l->buffer, length)) {
			l->stopped = true;
			break;
		}
	}
	return rc;
}

/* All that there is now. */
static int show_log(struct log_source *l, pipe_error *err)
{
	return l->options->times ? show_lines(l, err) : show_pieces(l, err);
}

static bool is_over(enum pipe_status status)
{
	return status >= PIPE_STATUS_SUCCESS && status != PIPE_STATUS_MANUAL;
}

/* Will nothing more be written?  The job has ended, or its run has, or the process that ran it. */
static int has_ended(struct log_source *l, bool *ended, pipe_error *err)
{
	enum pipe_status job, run = PIPE_STATUS_RUNNING;
	int rc = store_job_status(l->store, l->run, l->job, &job, err);

	if (!rc)
		rc = store_run_status(l->store, l->run, &run, err);
	*ended = rc || is_over(job) || run != PIPE_STATUS_RUNNING || !run_lock_is_held(l->project->state_directory, l->run);
	return rc;
}

static int follow_log(struct log_source *l, pipe_error *err)
{
	struct follow follow;
	bool ended = false;
	int rc;

	follow_init(&follow);
	do {
		/* first the state, then the log: what was written before the end is seen after it */
		rc = has_ended(l, &ended, err);
		if (!rc)
			rc = open_log(l, err);
		if (!rc) {
			follow_watch(&follow, l->path);
			rc = show_log(l, err);
		} else if (rc == PIPE_ENOTFOUND) {
			rc = PIPE_OK; /* nothing written yet */
		}
		if (!rc && !ended && !l->stopped)
			follow_wait(&follow);
	} while (!rc && !ended && !l->stopped);
	follow_clear(&follow);
	return rc;
}

int pipe_history_log(pipe_project *project, int64_t run, const char *job, const pipe_log_options *opts,
		     int (*each)(void *payload, int64_t time_ms, const char *text, size_t length), void *payload, pipe_error *err)
{
	static const pipe_log_options defaults = PIPE_LOG_OPTIONS_INIT;
	struct log_source l = { .project = project, .options = opts ? opts : &defaults, .each = each, .payload = payload };
	bool ended = true;
	int rc;

	if (l.options->version != PIPE_LOG_OPTIONS_VERSION)
		return error_version(err, "pipe_log_options", l.options->version, PIPE_LOG_OPTIONS_VERSION);
	rc = project_store(project, &l.store, err);
	if (!rc)
		rc = store_resolve_run(l.store, run, &l.run, err);
	if (!rc)
		rc = store_job_index(l.store, l.run, job, &l.job, err);
	if (!rc && l.options->follow)
		rc = has_ended(&l, &ended, err);
	if (rc)
		return rc;
	if (!l.options->times && !(l.buffer = malloc(PIECE)))
		return error_nomem(err);
	if (!ended)
		rc = follow_log(&l, err);
	else if (!(rc = open_kept_log(&l, job, err)))
		rc = show_log(&l, err);
	log_reader_free(l.reader);
	free(l.buffer);
	return rc == PIPE_ENOTFOUND ? PIPE_OK : rc; /* a job that wrote nothing */
}
