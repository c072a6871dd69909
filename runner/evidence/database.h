/*
 * Inside the evidence: the connection, its statements (schema.c), and what the files of this room share.
 *
 * What is the same in every run is kept once: `word` holds repeated texts (0 is ""), `test_case` what a test is called, `issue` what a
 * finding is recognised by.  A run's rows are numbers beside those ids, clustered by scope (run << 32 | job) and sorted by the id
 * behind it; so two runs are compared by going through two sorted lists of numbers.
 */
#ifndef RUNNER_EVIDENCE_DATABASE_H
#define RUNNER_EVIDENCE_DATABASE_H

#include "base/arena.h"
#include "base/map.h"
#include "runner/evidence/coverage.h"
#include "runner/evidence/evidence.h"
#include "runner/store/connection.h"

enum evidence_statement {
	EQ_BEGIN = SQL_BEGIN,
	EQ_COMMIT = SQL_COMMIT,
	/* dictionary.c */
	EQ_WORD_FIND,
	EQ_WORD_ADD,
	EQ_CASE_FIND,
	EQ_CASE_ADD,
	EQ_ISSUE_FIND,
	EQ_ISSUE_ADD,
	/* write.c and its kin */
	EQ_JOB_FIND,
	EQ_JOB_ADD,
	EQ_JOB_TOTALS,
	EQ_REPORT_BEGIN,
	EQ_REPORT_BACK,
	EQ_REPORT_END,
	EQ_REPORT_ADD,
	EQ_REPORT_NEXT,
	EQ_TEST_ADD,
	EQ_TEST_FIND,
	EQ_TEST_REMOVE,
	EQ_TEXT_ADD,
	EQ_TEXT_REMOVE,
	EQ_FINDING_ADD,
	EQ_FINDING_PLACE,
	EQ_FINDING_HAS,
	EQ_FINDING_RAISE,
	EQ_PLACE_FIND,
	EQ_PLACE_ADD,
	EQ_COVERAGE_FIND,
	EQ_COVERAGE_PUT,
	EQ_METRIC_ADD,
	EQ_COMPONENT_ADD,
	EQ_IMAGE_ADD,
	EQ_CONDITION_ADD,
	EQ_JOB_FINDING_DROP,
	EQ_JOB_FINDING_ADD,
	/* remove.c: what a range of scopes holds */
	EQ_REMOVE_TEXTS,
	EQ_REMOVE_TESTS,
	EQ_REMOVE_FINDINGS,
	EQ_REMOVE_PLACES,
	EQ_REMOVE_COVERAGE,
	EQ_REMOVE_METRICS,
	EQ_REMOVE_COMPONENTS,
	EQ_REMOVE_IMAGES,
	EQ_REMOVE_CONDITIONS,
	EQ_REMOVE_REPORTS,
	EQ_REMOVE_JOB_FINDINGS,
	EQ_REMOVE_JOBS,
	EQ_GC_RUNS,
	EQ_GC_CASES,
	EQ_GC_ISSUES,
	EQ_GC_WORDS,
	/* keep.c */
	EQ_KEEP_OFFSET,
	EQ_KEEP_TEXTS,
	EQ_KEEP_TESTS,
	EQ_KEEP_FINDINGS,
	EQ_KEEP_PLACES,
	EQ_KEEP_COVERAGE,
	EQ_KEEP_METRICS,
	EQ_KEEP_COMPONENTS,
	EQ_KEEP_IMAGES,
	EQ_KEEP_CONDITIONS,
	EQ_KEEP_REPORTS,
	EQ_KEEP_JOB_FINDINGS,
	EQ_KEEP_JOBS,
	/* totals.c */
	EQ_TOTALS,
	EQ_TOTALS_FINDINGS,
	EQ_TOTALS_FINDINGS_ONCE,
	/* read.c */
	EQ_JOBS,
	EQ_TESTS,
	EQ_TESTS_SLOWEST,
	EQ_FINDINGS,
	EQ_COVERAGE,
	EQ_COVERAGE_DATA,
	EQ_METRICS,
	EQ_COMPONENTS,
	EQ_IMAGES,
	EQ_CONDITIONS,
	EQ_REPORTS,
	/* view.c */
	EQ_METRIC_SUM,
	EQ_IMAGE_LARGEST,
	EQ_HISTORY,
	/* unreliable.c */
	EQ_UNRELIABLE,
	/* compare.c */
	EQ_JOBS_WITH_TESTS,
	EQ_JOBS_WITH_FINDINGS,
	EQ_TESTS_OF_JOB,
	EQ_TESTS_OF_RUN,
	EQ_FINDINGS_OF_JOB,
	EQ_FINDINGS_OF_RUN,
	EQ_TEST_ONE,
	EQ_FINDING_ONE,
	EQ_COUNT
};
extern const struct store_schema evidence_schema;

enum test_flags { TEST_EXPECTED = 1, TEST_QUARANTINED = 2 };

struct evidence_db {
	struct store *store;
	struct evidence_sink sink;
	/* The job under way. */
	bool writing, in_report;
	int64_t scope;
	uint32_t round;
	int64_t next_test, round_test; /* number of the next test of the job, and of the first one of this round */
	int64_t next_report;
	unsigned report_gives; /* what the report under way says of itself */
	bool has_report_gives;
	unsigned gives; /* report_gives bits of what was read so far */
	char *report_path;
	/* Ids of words that came lately; forgotten whenever rows may have gone. */
	struct map words;
	struct arena words_arena;
	struct coverage_buffer coverage;
};

/* First and last scope of a run, or of one job of it (job ALL_JOBS: all). */
#define ALL_JOBS UINT32_MAX
struct scopes {
	int64_t first, last;
};
static inline struct scopes scopes_of(int64_t run, uint32_t job)
{
	struct scopes s;

	if (store_keys(run, &s.first, &s.last) && job != ALL_JOBS)
		s.first = s.last = s.first | job;
	return s;
}
static inline int64_t run_of_scope(int64_t scope)
{
	return scope >> 32;
}
static inline uint32_t job_of_scope(int64_t scope)
{
	return (uint32_t)(scope & UINT32_MAX);
}

/* query_begin with a range of scopes bound first. */
int scopes_query(struct query *q, struct evidence_db *db, enum evidence_statement id, struct scopes scopes, pipe_error *err);
void query_bind_blob(struct query *q, const void *bytes, size_t length); /* borrowed until the query ends */

/* dictionary.c: ids, made where they are missing.  Only while writing. */
int word_id(struct evidence_db *db, const char *text, int64_t *id, pipe_error *err);
int case_id(struct evidence_db *db, const struct evidence_test *t, int64_t *id, pipe_error *err);
int issue_id(struct evidence_db *db, const struct evidence_finding *f, const unsigned char fingerprint[16], int64_t *id,
	     pipe_error *err);
/* The same, 0: there is none. */
int issue_find(struct evidence_db *db, const unsigned char fingerprint[16], int64_t *id, pipe_error *err);
void words_forget(struct evidence_db *db);

/* One file each: what the sink does. */
int write_test(void *payload, const struct evidence_test *t, pipe_error *err);
int write_line(void *payload, const struct evidence_line *l, pipe_error *err);
int write_finding(void *payload, const struct evidence_finding *f, pipe_error *err);
int write_metric(void *payload, const struct evidence_metric *m, pipe_error *err);
int write_component(void *payload, const struct evidence_component *c, pipe_error *err);
int write_image(void *payload, const struct evidence_image *i, pipe_error *err);
int write_scope(void *payload, unsigned gives, pipe_error *err);
/* PIPE_OK while a job is under way. */
int writing_check(const struct evidence_db *db, pipe_error *err);
/* Writes the lines that are collected. */
int coverage_flush(struct evidence_db *db, pipe_error *err);

/* remove.c: all rows of some scopes. */
int scopes_remove(struct evidence_db *db, struct scopes scopes, pipe_error *err);

/* unreliable.c: the last runs that the statement finds for this one, as a JSON array. */
enum { HISTORY_RUNS = 20 };
int history_runs(struct store *history, enum statement id, int64_t run, struct str *out, pipe_error *err);

/* totals.c: of jobs, added up; a finding and a line of coverage that several jobs have count once. */
int totals_read(struct evidence_db *db, struct scopes scopes, struct evidence_totals *out, pipe_error *err);

/* coverage_cursor.c: the files of a run or job by name, each once, with what all jobs say of it put together. */
struct coverage_cursor {
	struct evidence_db *db;
	struct query rows;
	bool has_row; /* rows stands on one that is not in yet */
	struct arena arena;
	const char *path;
	VEC(int64_t) ids; /* of the rows that are in */
	struct coverage_counts counts;
	struct coverage_writer lines; /* of a file that several jobs have, or that was asked for */
	bool has_lines;
};
int coverage_cursor_open(struct coverage_cursor *c, struct evidence_db *db, struct scopes scopes, pipe_error *err);
/* 1: a file, 0: no more, negative: an error. */
int coverage_cursor_next(struct coverage_cursor *c, pipe_error *err);
/* The lines of the file; good until the next one. */
int coverage_cursor_lines(struct coverage_cursor *c, struct coverage_reader *r, pipe_error *err);
void coverage_cursor_close(struct coverage_cursor *c);

#endif
