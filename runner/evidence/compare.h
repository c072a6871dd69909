/*
 * Two sets of jobs side by side: cursors over both, in the order of their keys, are merged; nothing is held but where the cursors
 * stand.
 *
 * A test is the same where suite, name, job and file are: a parallel job's parts are one job, those of a matrix are not, and a file that
 * one side does not know may be any (many tools name it only where a test failed).  Where several tests are alike even so, the worst
 * of both sides meet: that two of them changed places is no change.  A finding is the same where its fingerprint is, in whichever job.
 */
#ifndef RUNNER_EVIDENCE_COMPARE_H
#define RUNNER_EVIDENCE_COMPARE_H

#include "runner/evidence/read.h"

/* A test, before and after; one of them is missing where has_... is false. */
struct test_pair {
	bool has_before, has_after;
	struct test_key before, after;
	int64_t before_us, after_us; /* -1: not known */
	bool before_quarantined, after_quarantined;
};
/* The pairs one after the other.  next: 1 with a pair, 0 at the end, a negative pipe_code; close: NULL is fine. */
struct test_comparison;
int test_comparison_open(struct test_comparison **out, struct evidence_db *db, struct scopes before, struct scopes after,
			 pipe_error *err);
int test_comparison_next(struct test_comparison *c, struct test_pair *out, pipe_error *err);
void test_comparison_close(struct test_comparison *c);
/* each: 0 to go on, 1 to stop, negative: an error, err filled. */
int compare_tests(struct evidence_db *db, struct scopes before, struct scopes after,
		  int (*each)(void *, const struct test_pair *, pipe_error *), void *payload, pipe_error *err);

/* Is that test not as it was: newly failed, newly there?  Failed and broken are one thing, when it comes to what is new.  Of those that
 * only `before` has: false. */
bool test_pair_is_new(const struct test_pair *p);

/* A finding that only one side has (suppressed ones do not count). */
struct finding_change {
	bool is_new;
	uint8_t kind;
	int64_t scope, issue; /* of the first job that has it */
};
int compare_findings(struct evidence_db *db, struct scopes before, struct scopes after,
		     int (*each)(void *, const struct finding_change *, pipe_error *), void *payload, pipe_error *err);

/* A file whose coverage is not the same on both sides; NULL: that side does not have it. */
int compare_coverage(struct evidence_db *db, struct scopes before, struct scopes after,
		     int (*each)(void *, const char *path, const struct coverage_counts *before,
				 const struct coverage_counts *after, pipe_error *),
		     void *payload, pipe_error *err);

#endif
