/*
 * The store: history in SQLite (WAL), written by one connection on the loop's thread that commits in groups, read by any number of
 * others.  runner/store/ is the one place that says sqlite3_.  The schema is a list of numbered migrations (migration.c).
 *
 * Layout of the state directory:
 *   pipe.db                     the database
 *   evidence.db                 what reports said: runner/evidence/evidence.h; evidence.db.gone: of a pipe.db that is no longer there
 *   runs/<number>/<job>.log     logs (and .idx, .log.zst): runner/log/log.h;  <job> is the job's index
 *   runs/<number>/<job>.art     artifact archives; other archives as artifact.h names them
 *   cache/                      caches by key
 *   includes/                   fetched includes
 *   compress/<number>.<job>     logs that are still to be compressed: runner/log/log_packer.h
 *   lock/<number>               held (flock) by the process that drives the run; lock/<number>.fifo: runner/history/lock.h
 */
#ifndef RUNNER_STORE_STORE_H
#define RUNNER_STORE_STORE_H

#include "pipe.h"
#include <stdbool.h>
#include <sys/types.h>

struct store; /* one connection with its statements; one thread at a time */

enum store_mode { STORE_READ, STORE_WRITE };

/* STORE_WRITE creates directory and database where there are none and migrates; STORE_READ of a missing one is PIPE_ENOTFOUND.
 * A database of a newer pipe is refused with a sentence that says so.  durable: synchronous=FULL, else NORMAL. */
int store_open(struct store **out, const char *directory, enum store_mode mode, bool durable, pipe_error *err);
void store_free(struct store *s);
const char *store_directory(const struct store *s);

/* ---- writing: a transaction is opened by the first change and ended by store_commit ---- */

struct store_run {
	const char *nonce; /* 32 hex digits */
	int64_t created_ms;
	const char *file, *name, *source, *commit_sha, *branch, *title;
	bool dirty;
	int64_t parent;		/* 0: none */
	int parent_job;		/* index of the trigger job in parent; -1: none */
	int64_t retry_of;	/* 0: none */
	const char *definition; /* expanded YAML */
	const char *variables;	/* JSON object, without secrets */
	const char *options;	/* JSON: what pipe_history_plan_options needs to repeat the run */
	uint32_t jobs;		/* selected ones */
};
struct store_job {
	uint32_t index;
	const char *name, *stage;
	enum pipe_status status; /* WAITING, or kept from the run that is repeated */
	bool allow_failure;
	const char *environment; /* or NULL */
};
/* Gives the run its number. */
int store_run_create(struct store *s, const struct store_run *run, int64_t *number, pipe_error *err);
int store_run_finish(struct store *s, int64_t run, enum pipe_status status, int64_t time_ms, pipe_error *err);
/* Takes up a run that has ended (or was lost) under its own number, with a new nonce: it is running again, and its jobs that did not
 * succeed wait again.  Take its lock before the commit.  PIPE_EBUSY: it is running. */
int store_run_reopen(struct store *s, int64_t run, const char *nonce, pipe_error *err);
/* Prepares what a run will say at its end: for the time in which its jobs are at work and the caller waits for them. */
void store_get_ready(struct store *s);
int store_job_create(struct store *s, int64_t run, const struct store_job *job, pipe_error *err);

/* A change of a job's state: appended to its transitions, and the job's row made to say so.  It is written with the commit, or before
 * anything else that is asked of the store; so it may be the commit that says what is wrong with it (PIPE_ENOTFOUND: there is no such
 * job).  The texts are copied. */
struct store_change {
	uint32_t job, attempt;
	enum pipe_status status;
	int64_t time_ms;
	const char *reason, *failure; /* or NULL */
	int exit_code;		      /* -1: none */
	pid_t pid;		      /* RUNNING; 0: none */
	double coverage;	      /* negative: none */
	uint64_t log_bytes, log_lines;
};
int store_job_change(struct store *s, int64_t run, const struct store_change *change, pipe_error *err);

struct store_artifact {
	uint32_t job;
	const char *name, *kind, *path; /* path relative to the state directory */
	uint64_t bytes;
	uint32_t files;
	int64_t expires_ms;
};
int store_artifact_add(struct store *s, int64_t run, const struct store_artifact *artifact, pipe_error *err);
/* dotenv variables that a job reported: NAME=VALUE pairs, to be there for a retry. */
int store_dotenv_set(struct store *s, int64_t run, uint32_t job, const char *json, pipe_error *err);
/* What hooks said beside what jobs print. */
struct store_note {
	uint32_t job; /* UINT32_MAX: of the run itself */
	int64_t time_ms;
	const char *kind, *label, *text, *url; /* as in pipe_note_record */
};
int store_note_add(struct store *s, int64_t run, const struct store_note *note, pipe_error *err);
/* Makes everything since the last commit permanent; nothing open: nothing done. */
int store_commit(struct store *s, pipe_error *err);
bool store_has_changes(const struct store *s);

/* ---- reading ---- */

/* The number that 0 stands for; PIPE_ENOTFOUND: no run. */
int store_resolve_run(struct store *s, int64_t run, int64_t *number, pipe_error *err);
int store_runs(struct store *s, int64_t before, size_t limit, int (*each)(void *, const pipe_run_record *), void *payload,
	       pipe_error *err);
int store_run(struct store *s, int64_t run, int (*each)(void *, const pipe_run_record *), void *payload, pipe_error *err);
int store_jobs(struct store *s, int64_t run, int (*each)(void *, const pipe_job_record *), void *payload, pipe_error *err);
int store_transitions(struct store *s, int64_t run, int (*each)(void *, const pipe_transition_record *), void *payload,
		      pipe_error *err);
int store_artifacts(struct store *s, int64_t run, const char *job, int (*each)(void *, const pipe_artifact_record *),
		    void *payload, pipe_error *err);
int store_notes(struct store *s, int64_t run, int (*each)(void *, const pipe_note_record *), void *payload, pipe_error *err);
/* One column of a run: "definition", "variables", "options", "nonce"; the text is the caller's to free(). */
int store_run_text(struct store *s, int64_t run, const char *column, char **out, pipe_error *err);
/* A job by name: its index; PIPE_ENOTFOUND with the nearest name in err. */
int store_job_index(struct store *s, int64_t run, const char *job, uint32_t *index, pipe_error *err);
int store_dotenv(struct store *s, int64_t run, uint32_t job, char **json, pipe_error *err); /* NULL: none */
/* How the run and one of its jobs stand now. */
int store_run_status(struct store *s, int64_t run, enum pipe_status *status, pipe_error *err);
int store_job_status(struct store *s, int64_t run, uint32_t job, enum pipe_status *status, pipe_error *err);
/* The run that this one repeats; 0: none. */
int store_run_retry_of(struct store *s, int64_t run, int64_t *retry_of, pipe_error *err);

/* Durations of past successful runs of jobs by name: the mean of the last five, weighted to the newer.  -1: never run.  One query for
 * all names of a pipeline file: each(name, ms). */
int store_durations(struct store *s, const char *file, int (*each)(void *, const char *name, int64_t ms), void *payload,
		    pipe_error *err);

/* Rows one after the other, for those who ask in a time of their own; the newest runs first.  What a question borrows lives until the
 * cursor is closed, a row's texts until the next.  next: 1 with a row, 0: there are no more, or a negative pipe_code. */
struct store_cursor;
struct store_runs_question {
	int64_t before;				     /* runs with a lower number; 0: all */
	const char *file, *branch, *source, *status; /* NULL: any */
};
int store_runs_open(struct store_cursor **out, struct store *s, const struct store_runs_question *question, pipe_error *err);
int store_runs_next(struct store_cursor *c, pipe_run_record *out, pipe_error *err);
struct store_jobs_question {
	int64_t run; /* of this one; 0: of those before `before` (0: of all) */
	int64_t before;
	const char *name, *environment, *status; /* NULL: any */
};
struct store_job_row {
	int64_t run;
	const char *environment;
	pipe_job_record job;
};
int store_jobs_open(struct store_cursor **out, struct store *s, const struct store_jobs_question *question, pipe_error *err);
int store_jobs_next(struct store_cursor *c, struct store_job_row *out, pipe_error *err);
void store_cursor_close(struct store_cursor *c); /* NULL is fine */

/* ---- keeping house ---- */

/* Runs that say they are running and whose process is gone (their lock is free). */
struct store_lost {
	int64_t run;
	const char *nonce;
};
int store_lost_runs(struct store *s, int (*each)(void *, const struct store_lost *), void *payload, pipe_error *err);
/* Does the history say that a run other than this one is running? */
int store_other_runs(struct store *s, int64_t run, bool *others, pipe_error *err);
/* Marks a lost run and its unfinished jobs. */
int store_run_lost(struct store *s, int64_t run, int64_t time_ms, pipe_error *err);
int store_gc(struct store *s, const pipe_gc_options *options, int64_t now_ms, pipe_gc_result *result, pipe_error *err);

#endif
