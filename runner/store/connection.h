/*
 * Inside the store: the connection, its prepared statements (statement.c) and its errors (store.c).  Only runner/store/ includes it,
 * and runner/evidence/, whose database has tables of its own (struct store_schema) and is opened, migrated and written likewise.
 *
 * A statement that is in use is out of its slot, so a callback may call the store again, even for the same thing.
 */
#ifndef RUNNER_STORE_CONNECTION_H
#define RUNNER_STORE_CONNECTION_H

#include "base/arena.h"
#include "base/str.h"
#include "runner/store/store.h"
#include <sqlite3.h>

enum statement {
	/* transactions */
	SQL_BEGIN,
	SQL_COMMIT,
	/* write.c */
	SQL_RUN_INSERT,
	SQL_RUN_TEXT_INSERT,
	SQL_DEFINITION_FIND,
	SQL_DEFINITION_INSERT,
	SQL_RUN_FINISH,
	SQL_RUN_COUNT_FAILED,
	SQL_RUN_DURATIONS,
	SQL_JOB_INSERT,
	SQL_JOB_WAITS,
	SQL_JOB_WORKS,
	SQL_JOB_ENDS,
	SQL_JOB_WORKS_AND_ENDS,
	SQL_ARTIFACT_INSERT,
	SQL_DOTENV_SET,
	SQL_NOTE_INSERT,
	SQL_REOPEN_RUN,
	SQL_REOPEN_JOBS,
	SQL_LOST_JOBS,
	/* read.c */
	SQL_RUN_LAST,
	SQL_RUN_EXISTS,
	SQL_RUN_LIST,
	SQL_RUN_ONE,
	SQL_RUN_RETRY_OF,
	SQL_RUN_STATUS,
	SQL_RUN_NONCE,
	SQL_RUN_DEFINITION,
	SQL_RUN_VARIABLES,
	SQL_RUN_OPTIONS,
	SQL_RUNNING_LIST,
	SQL_JOB_LIST,
	SQL_JOB_FIND,
	SQL_JOB_NAMES,
	SQL_JOB_STATUS,
	SQL_CHANGES_LIST,
	SQL_ARTIFACT_LIST,
	SQL_ARTIFACT_OF_JOB,
	SQL_DOTENV_GET,
	SQL_NOTE_LIST,
	SQL_DURATION_LIST,
	/* cursor.c */
	SQL_RUN_CURSOR,
	SQL_JOB_CURSOR,
	/* runner/evidence/ */
	SQL_RUN_BASELINE,
	SQL_RUNS_OF_FILE,
	SQL_RUNS_OF_BRANCH,
	/* gc.c */
	SQL_GC_RUNS,
	SQL_GC_RUN,
	SQL_GC_RUN_TEXT,
	SQL_GC_JOBS,
	SQL_GC_ARTIFACTS,
	SQL_GC_DOTENV,
	SQL_GC_NOTES,
	SQL_GC_DEFINITIONS,
	SQL_GC_DURATIONS,
	SQL_GC_EXPIRED,
	SQL_GC_ARTIFACT,
	SQL_COUNT
};

/*
 * Changes of jobs that the database has not been told yet: it hears of them with the commit, or as soon as any other statement might
 * see the difference.  A job that begins and ends within one group is one change of its row then, and a job's end does not hold up
 * the start of the next.
 */
enum { HELD_MOST = 64 };
struct held_change {
	int64_t id;
	uint64_t number;
	struct store_change change; /* its texts are in held_changes.texts */
	int begins;		    /* of an end: the index of the held change that began the job's attempt; -1: none */
	bool in_end;		    /* of a beginning: written with the end */
};
struct held_changes {
	struct held_change items[HELD_MOST];
	unsigned count;
	struct arena texts;
	bool writing;
};

/* What a database is, beside a connection to it. */
struct store_schema {
	const char *file;	  /* in the state directory */
	int application_id;	  /* of SQLite's header */
	const char *making;	  /* pragmas of an empty one, before its first table */
	const char *pragmas;	  /* of each connection to it */
	int busy_ms;		  /* how long a writer waits for another */
	const char *const *steps; /* migrations (migration.c) */
	int version;		  /* how many */
	const char *const *texts; /* of the statements; SQL_BEGIN and SQL_COMMIT are the first of every schema */
	unsigned count;
	const char *
		beside; /* a database that means nothing without this one: when this one is made anew, moved to NAME.gone; or NULL */
	const char *subject; /* what it is, for messages; NULL: "history" */
	const char *advice;  /* what to do where it cannot be used; NULL: as with the history */
};
/* For every connection: the database may be anybody's (a project's directory can bring one along), and a file cut short under a memory
 * map is a SIGBUS. */
#define STORE_PRAGMAS                                                                                                            \
	"PRAGMA trusted_schema = OFF;"                                                                                           \
	"PRAGMA cell_size_check = ON;"                                                                                           \
	"PRAGMA mmap_size = 0;"                                                                                                  \
	"PRAGMA journal_size_limit = 1048576"
extern const struct store_schema store_history; /* pipe.db */
extern const char *const store_statements[SQL_COUNT];

struct store {
	const struct store_schema *schema;
	sqlite3 *db;
	char *directory, *path; /* the state directory, and the database in it */
	enum store_mode mode;
	bool open;		  /* a transaction is open */
	bool broken;		  /* it has failed and is rolled back; failure is what store_commit says */
	uint64_t changes;	  /* made through this connection: puts those of one millisecond in order */
	struct str line;	  /* of the change that is being written */
	struct held_changes held; /* made, and not written yet */
	int wal_found, wal_pages; /* in the write-ahead log after our first and our last commit */
	pipe_error failure;
	sqlite3_stmt **statements; /* as many as the schema has */
};

/* store_open of any schema. */
int store_open_schema(struct store **out, const struct store_schema *schema, const char *directory, enum store_mode mode,
		      bool durable, pipe_error *err);
/* Fills err for a result of SQLite; "write" or "read" the history. */
int store_fail(struct store *s, int result, const char *action, pipe_error *err);
/* A change cannot be made: what was changed since the last commit is given up, and store_commit will say so too. */
int store_break(struct store *s, int result, pipe_error *err);
void store_give_up(struct store *s, const pipe_error *why);
/* Opens a transaction for a change, if none is open. */
int store_begin(struct store *s, pipe_error *err);
void store_rollback(struct store *s);
/* Writes the held changes (write.c); a failure breaks the transaction. */
int store_write_held(struct store *s, pipe_error *err);
void store_drop_held(struct store *s);
/* Runs some SQL without results. */
int store_exec(struct store *s, const char *sql, pipe_error *err);
/* The single number that some SQL results in. */
int store_number(struct store *s, const char *sql, int64_t *value, pipe_error *err);

/* One use of a statement: begin, bind in order, then either run, or step and end. */
struct query {
	struct store *store;
	sqlite3_stmt *stmt;
	unsigned id; /* enum statement, or the schema's own */
	int bound;   /* parameters so far */
	int result;
};
int query_begin(struct query *q, struct store *s, unsigned id, pipe_error *err);
void query_bind_int(struct query *q, int64_t value);
void query_bind_double(struct query *q, double value);
void query_bind_text(struct query *q, const char *text); /* borrowed until the query ends; NULL: "" */
/* 1: a row, 0: no more, negative: an error.  Except for a row the query is over and need not be ended; asked again, it says 0. */
int query_step(struct query *q, pipe_error *err);
/* Of one that is over, has failed to begin, or is all zeroes: nothing happens. */
void query_end(struct query *q);
/* Goes through the rows to the end, until there are no more or one() says stop (positive) or an error. */
typedef int (*query_row)(struct query *q, void *context, pipe_error *err);
int query_each(struct query *q, query_row one, void *context, pipe_error *err);
/* Runs a change to its end; a failure breaks the transaction. */
int query_run(struct query *q, pipe_error *err);
const char *query_text(const struct query *q, int column); /* never NULL */
int64_t query_int(const struct query *q, int column);
uint32_t query_count(const struct query *q, int column); /* what is out of range is cut to it */

/* migration.c: brings the database up to date (for writing), or checks that it can be read.  *old: it is of an earlier version.
 * PIPE_ENOTFOUND: there is nothing in it. */
int migration_check(struct store *s, bool *old, pipe_error *err);
int migration_run(struct store *s, pipe_error *err);

/* What happened to a job, one line a change (change.c).  Adds the line to s->line. */
int change_line(struct store *s, const struct store_change *change, uint64_t number, pipe_error *err);
/* Reads the lines of all jobs of a run, and hands them out in the order in which they happened. */
int change_each(struct query *jobs, int (*each)(void *, const pipe_transition_record *), void *payload, pipe_error *err);
/* The row that a statement over runs, or jobs, stands on (read.c); the texts live until it moves on. */
int store_run_at(const struct query *q, pipe_run_record *out, pipe_error *err);
int store_job_at(const struct query *q, pipe_job_record *out, pipe_error *err);
/* The state of that name; false: there is none. */
bool status_by_name(const char *name, size_t length, enum pipe_status *status);
int store_damaged(const struct store *s, const char *what, pipe_error *err);

/* Keys: the jobs of a run have the ids run << 32 | index, from first to last.  False: there can be no such run. */
static inline bool store_keys(int64_t run, int64_t *first, int64_t *last)
{
	bool valid = run > 0 && run <= INT32_MAX;

	*first = valid ? run << 32 : 1;
	*last = valid ? *first | UINT32_MAX : 0;
	return valid;
}

#endif
