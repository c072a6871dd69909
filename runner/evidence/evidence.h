/*
 * Evidence in the history: <state>/evidence.db, a database of its own beside pipe.db, so that a job whose reports hold a million tests
 * keeps no other job's change of state waiting.  A worker thread writes it over a connection of its own, one transaction a job and
 * round; the job's end is told to pipe.db only after that commit.  What an attempt left that was killed is thrown away when the job
 * runs again.  runner/evidence/ and runner/store/ are the places that say sqlite3_.
 */
#ifndef RUNNER_EVIDENCE_EVIDENCE_H
#define RUNNER_EVIDENCE_EVIDENCE_H

#include "runner/store/store.h"
#include "stages/stage.h"

struct evidence_db; /* one connection; one thread at a time, any thread */

/* STORE_WRITE makes and migrates it; STORE_READ of a missing one gives *out NULL and PIPE_OK: there is no evidence. */
int evidence_open(struct evidence_db **out, const char *state_directory, enum store_mode mode, pipe_error *err);
void evidence_free(struct evidence_db *db);

/* ---- writing ---- */

/* Begins what a job has to say.  round 0 removes what the job said before (an earlier attempt); a later round adds: a test that failed
 * before and passes now becomes flaky, and keeps its first message.  name: the job's, base: without " 1/3" or ": [a, b]". */
int evidence_begin(struct evidence_db *db, int64_t run, uint32_t job, const char *name, const char *base, uint32_t round,
		   pipe_error *err);
/* One report after the other; all that the sink gets between belongs to it.  Ended with an error (why not NULL) its evidence is taken
 * back, and the report stays with its error. */
int evidence_report_begin(struct evidence_db *db, const char *path, pipe_error *err);
int evidence_report_end(struct evidence_db *db, const struct report_format *format, const pipe_error *why, pipe_error *err);
/* The sink of the job under way; its `payload` is db.  Outside of a report: evidence of the stage itself. */
const struct evidence_sink *evidence_sink(struct evidence_db *db);
int evidence_condition(struct evidence_db *db, const struct stage_condition *c, pipe_error *err);
/* The job's totals over all rounds. */
int evidence_commit(struct evidence_db *db, struct evidence_totals *totals, pipe_error *err);
void evidence_rollback(struct evidence_db *db);
/* What a job said in an earlier run is said in another as well: that run keeps the job.  A transaction of its own. */
int evidence_keep(struct evidence_db *db, int64_t from_run, uint32_t from_job, int64_t run, uint32_t job, pipe_error *err);

/* ---- reading ---- */

struct evidence_baseline {
	int64_t run;	  /* 0: none */
	char branch[256]; /* the target branch */
	char commit[72];  /* of the baseline run; "" */
	char why[256];	  /* none: why */
};
/* The last run of that pipeline file before `before` that succeeded on that branch: of a commit as it stands (uncommitted changes are no
 * part of the branch), and of all jobs, not of some that were asked for.  s: a connection to the history of this thread. */
int evidence_baseline_find(struct store *s, const char *file, const char *branch, int64_t before, struct evidence_baseline *out,
			   pipe_error *err);

/* The same for a run of the history: its target branch is what its variables say. */
int evidence_baseline_of(struct store *s, int64_t run, struct evidence_baseline *out, pipe_error *err);

/* Lines that a change touched: added or changed ones, by path.  Found by the caller (runner/git/), looked up by the view. */
struct changed_lines {
	const char *why_unknown; /* what changed cannot be found out, and why; NULL: it is known */
	/* Did the change touch this file, this line?  line 0: the file. */
	bool (*touched)(void *payload, const char *path, uint32_t line);
	void *payload;
};

/* Does a finding lie in a file that the change touched; lines: on a line that it did, or on none in particular?  Not where why_unknown
 * is set. */
bool changed_touches(const struct changed_lines *changed, const struct evidence_finding *f, bool lines);

/* A view (stages/view.h) for a job of a run; everything is borrowed and must outlive it. */
struct evidence_view_source {
	struct evidence_db *db;
	struct store *store; /* of this thread: durations, jobs */
	int64_t run;
	uint32_t job;
	const char *base; /* the job's base name */
	const struct evidence_baseline *baseline;
	const struct changed_lines *changed;
};
void evidence_view_init(struct evidence_view *view, struct evidence_view_source *source);

/* Removes the evidence of all runs that the history does not know (s NULL: there is no history).  Makes nothing where there is no
 * evidence. */
int evidence_sweep(const char *state_directory, struct store *s, pipe_error *err);
/* Removes the evidence of runs that are gone from the history. */
int evidence_gc(struct evidence_db *db, const int64_t *runs, size_t count, pipe_error *err);

#endif
