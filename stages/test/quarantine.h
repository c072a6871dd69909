/*
 * The quarantine of tests: a list of those that are known to be unreliable, each with the day on which that stops being an excuse.
 * Until then a test runs, is shown, and does not count; after it, it counts again.
 *
 *   - test: "shop.cart::test_total*"     # a pattern on `suite::name`, or on the name alone
 *     until: 2026-12-01                  # the last day, UTC
 *     reason: "#123 races with the clock"
 */
#ifndef STAGES_TEST_QUARANTINE_H
#define STAGES_TEST_QUARANTINE_H

#include "stages/stage.h"

struct quarantine_entry {
	const char *test, *reason, *until;
	bool expired;
	uint32_t matched;
};

struct quarantine {
	const char *path;
	VEC(struct quarantine_entry) entries;
};

/* Reads the file from the workspace.  PIPE_EPIPELINE: what is wrong, and where in the file. */
int quarantine_read(struct stage_job *job, const char *path, struct quarantine *out, pipe_error *err);
/* Is the test in it, and still?  Counts the match. */
bool quarantine_holds(struct quarantine *q, const struct evidence_test *test);
/* Says in the log which entries have expired and which match no test. */
void quarantine_say(struct stage_job *job, const struct quarantine *q);

#endif
