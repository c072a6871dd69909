/*
 * What is asked of the evidence: rows as the values of stages/evidence.h, of some jobs.  The texts live until the callback returns;
 * callbacks return 0 to go on, anything else to stop (no error).  The database may have been brought along by anybody: numbers that mean
 * nothing are damage, said as such.
 */
#ifndef RUNNER_EVIDENCE_READ_H
#define RUNNER_EVIDENCE_READ_H

#include "runner/evidence/database.h"
#include "stages/view.h"

struct test_question {
	unsigned statuses;   /* bits by enum test_status; 0: all */
	uint8_t quarantined; /* 0: without quarantined ones, 1: also those, 2: only those */
	bool slowest;	     /* by duration, the longest first; otherwise by job */
	uint64_t limit;	     /* 0: none */
};
int read_tests(struct evidence_db *db, struct scopes scopes, const struct test_question *question,
	       int (*each)(void *, uint32_t job, const struct evidence_test *), void *payload, pipe_error *err);
/* One test: its place in the table is what a comparison knows of it. */
struct test_key {
	int64_t scope, tcase, number;
	uint8_t status;
};
int read_test(struct evidence_db *db, const struct test_key *key, int (*each)(void *, uint32_t job, const struct evidence_test *),
	      void *payload, pipe_error *err);

/* Tests of these jobs that went back and forth between red and green over the last HISTORY_RUNS runs of the same pipeline file and
 * branch, up to theirs; the most frequent failures first. */
struct unreliable_test {
	const char *job; /* without its place among parallel ones */
	const char *suite, *name, *file;
	uint32_t runs, failures; /* that had it; in which it failed, at first or at last */
};
int read_unreliable(struct evidence_db *db, struct store *history, int64_t run, struct scopes scopes,
		    int (*each)(void *, const struct unreliable_test *), void *payload, pipe_error *err);

struct finding_question {
	unsigned kinds;		 /* bits by enum finding_kind; 0: all */
	uint8_t least, most;	 /* severities */
	int8_t fixable;		 /* as in struct finding_filter */
	bool suppressed;	 /* also suppressed ones */
	const char *rule, *tool; /* or NULL */
	struct scopes known;	 /* new means: not among those of these; first 0: any */
};
#define FINDING_QUESTION_INIT                                                                                                    \
	{                                                                                                                        \
		.most = SEVERITY_COUNT - 1                                                                                       \
	}
/* One that several jobs have comes once, as the first of them has it. */
int read_findings(struct evidence_db *db, struct scopes scopes, const struct finding_question *question,
		  int (*each)(void *, uint32_t job, const struct evidence_finding *, const unsigned char fingerprint[16]),
		  void *payload, pipe_error *err);
int read_finding(struct evidence_db *db, int64_t scope, int64_t issue,
		 int (*each)(void *, uint32_t job, const struct evidence_finding *, const unsigned char fingerprint[16]),
		 void *payload, pipe_error *err);

int read_metrics(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t job, const struct evidence_metric *),
		 void *payload, pipe_error *err);
int read_components(struct evidence_db *db, struct scopes scopes,
		    int (*each)(void *, uint32_t job, const struct evidence_component *), void *payload, pipe_error *err);
int read_images(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t job, const struct evidence_image *),
		void *payload, pipe_error *err);
int read_conditions(struct evidence_db *db, struct scopes scopes,
		    int (*each)(void *, uint32_t job, const struct stage_condition *), void *payload, pipe_error *err);

struct report_row {
	const char *path, *format, *error; /* error "": it was read to its end */
	uint32_t line, column;		   /* of the error; 0: no place */
};
int read_reports(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t job, const struct report_row *),
		 void *payload, pipe_error *err);
/* Jobs that have said something, by index. */
int read_jobs(struct evidence_db *db, struct scopes scopes, int (*each)(void *, uint32_t job, const char *name), void *payload,
	      pipe_error *err);
/* Runs that have evidence. */
int read_runs(struct evidence_db *db, int (*each)(void *, int64_t run), void *payload, pipe_error *err);

#endif
