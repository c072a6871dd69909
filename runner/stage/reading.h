/*
 * Reading the reports of a job: files of its workspace, and lines of its own log.  What a job wrote is hostile: paths lead nowhere
 * else, only regular files are opened, their number is bounded, and a report that cannot be read to its end leaves a complaint and
 * no evidence.  On a worker thread, with the desk.
 */
#ifndef RUNNER_STAGE_READING_H
#define RUNNER_STAGE_READING_H

#include "base/map.h"
#include "runner/stage/ledger.h"
#include <stdatomic.h>

enum { READING_MOST_FILES = 10000 };

struct reading {
	/* Given; borrowed. */
	const char *workspace; /* absolute */
	const char *scratch;   /* absolute, patterns may lead into it as well; or NULL */
	const char *log;       /* the job's, without a suffix; NULL: none is read */
	const step_list *steps;
	int64_t started_ms;	 /* of the job: what is older is an earlier run's */
	const atomic_bool *stop; /* set by another thread: end soon; or NULL */
	uint64_t deadline;	 /* of uv_hrtime: the job's time is over then; 0: none */
	struct ledger *ledger;
	struct arena *arena; /* of what is found */

	/* Found. */
	struct map seen;	      /* by path: what has been read, so that it is read again only when it has changed */
	struct map stale;	      /* patterns of which only old files were there */
	struct map refused;	      /* by path or pattern: what could not even be opened */
	VEC(const char *) complaints; /* sentences, each with its place */
	VEC(const char *) remarks;    /* sentences that hold nothing against the job */
	uint32_t broken;	      /* of them: reports that could not be read */
	uint32_t files;		      /* that one report names */
	bool stopped;
};

/* Reads what a report names, and says whether there was anything (*found).  PIPE_OK, also with complaints; otherwise the evidence
 * cannot be written. */
int reading_report(struct reading *r, const struct stage_report *report, bool *found, pipe_error *err);
/* A report that is required was not found, at the last: a complaint. */
void reading_missing(struct reading *r, const struct stage_report *report);

#endif
