/*
 * Inside of TAP (tap.c): the levels of subtests, and the test that is held.
 *
 * A test's line is held until the next one, since its YAML or its comments follow it.  Subtests are levels by indentation: their tests
 * are what counts, and the line of their parent only where it says more (it failed although none of them did).
 */
#ifndef STAGES_REPORT_TAP_TAP_LEVEL_H
#define STAGES_REPORT_TAP_TAP_LEVEL_H

#include "stages/report/lines.h"
#include "stages/report/report.h"
#include "stages/report/tap/tap_notes.h"
#include "stages/report/tap/tap_point.h"

struct tap_level {
	unsigned indent;
	size_t path; /* how much of the path of names its tests have as their suite */
	bool has_plan, plan_is_last, unnamed;
	uint32_t planned, last; /* number of the last test */
	uint64_t points, beyond, failures;
	struct str seen; /* a bit for each number that came */
	/* of subtests that ended, until their parent's line */
	uint64_t below, below_failures;
	/* opened by a `{` behind its parent's line, which has this status */
	bool braced;
	uint8_t status;
};

struct tap {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	struct tap_level *levels;
	uint32_t depth, capacity;
	struct str path;      /* names of the open subtests, by " > " */
	struct str announced; /* `# Subtest: ` */
	/* tape and Deno: a comment is the heading of the tests behind it, and the first one stands right behind the version. */
	struct str heading;
	unsigned version; /* line of the version */
	bool headed;
	/* The test that is held. */
	bool held, ok, todo, skip, opens;
	struct str name, reason, suite, file;
	int64_t duration_us;
	struct tap_notes notes;
	bool bailed, any, timed, bats_times;
	/* prove */
	bool prove, between, done;
	struct str script;
	uint64_t script_failures, failures;
};

/* The innermost level that is open; the root's always is. */
static inline struct tap_level *tap_top(struct tap *s)
{
	return &s->levels[s->depth - 1];
}
/* Brings the level of a line's indentation to the top; *fits false: no level can begin here, the line is no TAP. */
int tap_enter(struct tap *s, unsigned indent, bool announces, bool *fits, pipe_error *err);
int tap_push(struct tap *s, unsigned indent, pipe_error *err);
void tap_name_level(struct tap *s, const char *name, size_t length);
void tap_shorten_path(struct tap *s, size_t length);
/* Ends the stream: another may follow in the same file. */
int tap_end_stream(struct tap *s, pipe_error *err);

/* How the held test ended. */
enum test_status tap_status(const struct tap *s);
/* The held test is whole. */
int tap_flush(struct tap *s, pipe_error *err);
int tap_give(struct tap *s, struct evidence_test *t, pipe_error *err);
/* What is no test of the report's own, but red. */
int tap_give_error(struct tap *s, const char *name, const char *message, pipe_error *err);
/* A text that outlives its line, cut where it is too long. */
void tap_keep(struct str *out, const char *text, size_t most);

/* tap_prove.c: a line without indentation, if it is one of prove's own. */
int tap_prove_line(struct tap *s, char *text, bool *taken, pipe_error *err);

#endif
