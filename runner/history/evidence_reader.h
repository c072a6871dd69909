/* Inside the history's evidence: the jobs that a question is about, and rows as the records of pipe.h. */
#ifndef RUNNER_HISTORY_EVIDENCE_READER_H
#define RUNNER_HISTORY_EVIDENCE_READER_H

#include "base/arena.h"
#include "base/vec.h"
#include "runner/evidence/read.h"
#include "runner/history/project.h"

struct evidence_job {
	uint32_t index;
	const char *name;
};

/* One run, or one job of it. */
struct evidence_reader {
	struct evidence_db *db; /* NULL: there is no evidence */
	struct scopes scopes;
	int64_t run;
	struct arena arena;
	VEC(struct evidence_job) jobs; /* that have said something, by index */
};

/* run 0: the last one; job NULL: all.  To be cleared, also after a failure. */
int evidence_reader_open(struct evidence_reader *r, pipe_project *project, int64_t run, const char *job, pipe_error *err);
void evidence_reader_clear(struct evidence_reader *r);
const char *evidence_reader_job(const struct evidence_reader *r, uint32_t index);

/* Borrow what they are made from. */
pipe_test_record evidence_test_record(const struct evidence_reader *r, uint32_t job, const struct evidence_test *t);
/* hex: room for the fingerprint's text. */
enum { FINGERPRINT_HEX = 33 };
pipe_finding_record evidence_finding_record(const struct evidence_reader *r, uint32_t job, const struct evidence_finding *f,
					    const unsigned char fingerprint[16], char hex[FINGERPRINT_HEX]);
pipe_coverage_record evidence_coverage_record(const char *path, const struct coverage_counts *c);

#endif
