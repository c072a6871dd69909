/*
 * Evidence of a run beside that of its baseline, as stages ask for it.  runner/evidence/ answers from the history; a test answers from
 * a table.  Worker threads only; answers may cost a query.
 *
 * The baseline is the last run of the same pipeline file that succeeded on the target branch (the merge request's, else the default
 * branch) before this one.  Without one, baseline_run is 0 and no_baseline says why.
 */
#ifndef STAGES_VIEW_H
#define STAGES_VIEW_H

#include "stages/evidence.h"

enum evidence_side {
	SIDE_JOB,     /* the job that asks */
	SIDE_RUN,     /* all jobs of its run so far */
	SIDE_BASELINE /* all jobs of the baseline */
};

/* Which findings; zeroed: all that are not suppressed. */
struct finding_filter {
	unsigned kinds;		 /* bits by enum finding_kind; 0: all */
	uint8_t severity;	 /* at least (enum severity) */
	int8_t fixable;		 /* 1: only with a fixed version, -1: only without, 0: both */
	bool only_new;		 /* not in the baseline */
	bool touched_files;	 /* in files that this change touched */
	bool touched_lines;	 /* on lines that it touched */
	bool suppressed;	 /* also suppressed ones */
	const char *rule, *tool; /* or NULL */
};

struct test_filter {
	unsigned statuses; /* bits by enum test_status; 0: all */
	bool only_new;	   /* not so in the baseline: newly failed */
	bool quarantined;  /* also quarantined ones */
};

/* Of an earlier run, for shards and for "how often does it fail". */
struct test_history {
	const char *suite, *name, *file;
	int64_t duration_us;	 /* mean of what is known; -1: not known */
	uint32_t runs, failures; /* in the last 20 runs that had it */
};

/* Functions return PIPE_OK or a negative pipe_code with err filled.  each(): 0 to go on. */
struct evidence_view {
	int64_t baseline_run;
	const char *baseline_branch; /* "" without one */
	const char *no_baseline;     /* why there is none: "no successful run of main is in the history"; NULL: there is one */

	int (*totals)(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err);
	int (*findings)(void *payload, enum evidence_side side, const struct finding_filter *filter,
			int (*each)(void *, const struct evidence_finding *), void *each_payload, uint64_t *count,
			pipe_error *err);
	int (*tests)(void *payload, enum evidence_side side, const struct test_filter *filter,
		     int (*each)(void *, const struct evidence_test *), void *each_payload, uint64_t *count, pipe_error *err);
	/* Coverage of the lines that this change touched: instrumented ones, and those of them that were hit.  *known false: what
	 * changed cannot be found out, *why says so. */
	int (*changed_coverage)(void *payload, uint64_t *lines, uint64_t *hit, bool *known, const char **why, pipe_error *err);
	/* The sum over all label sets of that name; *found false: there is none. */
	int (*metric)(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err);
	/* The largest image. */
	int (*image_bytes)(void *payload, enum evidence_side side, uint64_t *bytes, bool *found, pipe_error *err);
	/* Of the run so far, or of the baseline. */
	int (*duration_ms)(void *payload, enum evidence_side side, int64_t *ms, bool *found, pipe_error *err);
	/* Tests of earlier runs of this job (by its base name). */
	int (*history)(void *payload, int (*each)(void *, const struct test_history *), void *each_payload, pipe_error *err);
	void *payload;
};

#endif
