/*
 * Judging what a job's own reports found: which findings count, and how many of them there may be.  The types that run a tool which finds
 * things share these parameters (rows of their tables, sorted by name among the others):
 *
 *   FINDINGS_FAIL_ON  FINDINGS_MAX  FINDINGS_NEW  FINDINGS_TOUCHED
 */
#ifndef STAGES_FINDINGS_H
#define STAGES_FINDINGS_H

#include "pipeline/keyword/keyword_fields.h"
#include "stages/stage.h"

extern const char *const findings_severities[]; /* "none" first; a NULL at the end */
extern const char *const findings_touched[];

#define FINDINGS_FAIL_ON                                                                                                         \
	KEYWORD_ROW("fail_on", IN_NESTED, TAKES_ENUM, "findings of this severity and above fail the job",                        \
		    .values = findings_severities, .fallback = "high")
#define FINDINGS_MAX                                                                                                             \
	KEYWORD_ROW("max", IN_NESTED, TAKES_INT, "how many such findings there may be", .fallback = "0", .least = 0,             \
		    .most = 1000000)
#define FINDINGS_NEW                                                                                                             \
	KEYWORD_ROW("new", IN_NESTED, TAKES_BOOL,                                                                                \
		    "only findings count that the last good run of the target branch does not have", .fallback = "false")
#define FINDINGS_TOUCHED                                                                                                         \
	KEYWORD_ROW("touched", IN_NESTED, TAKES_ENUM, "only findings count in files, or on lines, that this change touched",     \
		    .values = findings_touched)

struct findings_bound {
	struct finding_filter filter; /* what counts: more may be asked for after findings_bound_read */
	bool judged;		      /* fail_on is not none */
	int64_t most;
	struct stage_job *job;
	uint32_t shown;	   /* by findings_judge */
	const char *first; /* finding, in words */
};

/* Reads the parameters that are written; bound is zeroed. */
int findings_bound_read(struct stage_job *job, struct findings_bound *bound, pipe_error *err);
/* In evaluate: shows those that count and fails the job where they are too many.  What cannot be compared (no baseline, changes that are not
 * known) is said in the log and judges nothing. */
int findings_judge(struct findings_bound *bound, pipe_error *err);
/* A finding in words: "src/a.c:3: high: message [rule]"; in the job's arena, or NULL. */
const char *finding_words(struct stage_job *job, const struct evidence_finding *f);

#endif
