/*
 * Evidence: what tools say about a run, as plain values.  A report's parser hands each one over to a sink as it reads it, so that a
 * report of any size passes through a fixed amount of memory; the runner's sink writes them to the history, a test's collects them.
 *
 * Texts are borrowed for the length of the call, UTF-8, without control characters but newline and tab (the report's reader sees to
 * both), and never NULL unless a field says so: "" is "not said".  Paths are relative to the workspace, with `/`, without `.` and
 * `..` (evidence_path makes them so).
 */
#ifndef STAGES_EVIDENCE_H
#define STAGES_EVIDENCE_H

#include "base/arena.h"
#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

/* How a test case ended.  Only the first two stand between a run and green. */
#define TEST_STATUS_MAP(X)                                                                                                       \
	X(FAILED, "failed")   /* an assertion did not hold */                                                                    \
	X(ERROR, "error")     /* it broke: an exception, a crash, a fixture, a hang */                                           \
	X(FLAKY, "flaky")     /* it failed and passed on another try within the run */                                           \
	X(PASSED, "passed")   /* also: failed as expected (xfail, TODO) */                                                       \
	X(SKIPPED, "skipped") /* not run: skipped, disabled, not run by choice */

enum test_status {
#define X(name, text) TEST_##name,
	TEST_STATUS_MAP(X)
#undef X
		TEST_STATUS_COUNT
};

struct evidence_test {
	const char *suite;   /* class, package or file that the case belongs to; "" */
	const char *name;    /* never "" : a case without a name gets that of its suite */
	const char *file;    /* source file; "" */
	uint32_t line;	     /* 0: not said */
	uint8_t status;	     /* enum test_status */
	bool expected;	     /* PASSED because it was expected to fail, or FAILED because it was expected to and did not */
	int64_t duration_us; /* -1: not said */
	const char *message; /* why it failed or was skipped, its first words; "" */
	const char *details; /* the whole: a traceback, output; "" */
	uint32_t failures;   /* of FLAKY: how many tries failed */
	bool quarantined;    /* known to be unreliable: it runs, is shown, and does not count */
};

/* Coverage of one line of a source file; the same line may come several times and is counted once (the highest hits). */
struct evidence_line {
	const char *path;
	uint32_t line;
	uint64_t hits;
	uint32_t branches, branches_hit; /* 0, 0: none on this line */
};

#define FINDING_KIND_MAP(X)                                                                                                      \
	X(ISSUE, "issue")		  /* a static analyser's: bug, smell, style */                                           \
	X(WARNING, "warning")		  /* a compiler's */                                                                     \
	X(VULNERABILITY, "vulnerability") /* a known one in a package */                                                         \
	X(SECRET, "secret")                                                                                                      \
	X(MISCONFIGURATION, "misconfiguration")                                                                                  \
	X(LICENSE, "license")

enum finding_kind {
#define X(name, text) FINDING_##name,
	FINDING_KIND_MAP(X)
#undef X
		FINDING_KIND_COUNT
};

#define SEVERITY_MAP(X)                                                                                                          \
	X(UNKNOWN, "unknown")                                                                                                    \
	X(INFO, "info")                                                                                                          \
	X(LOW, "low")                                                                                                            \
	X(MEDIUM, "medium")                                                                                                      \
	X(HIGH, "high")                                                                                                          \
	X(CRITICAL, "critical")

enum severity {
#define X(name, text) SEVERITY_##name,
	SEVERITY_MAP(X)
#undef X
		SEVERITY_COUNT
};

struct evidence_finding {
	uint8_t kind;			 /* enum finding_kind */
	uint8_t severity;		 /* enum severity */
	bool suppressed;		 /* the tool was told to pass over it: shown, and never counted */
	const char *tool;		 /* "cppcheck" */
	const char *rule;		 /* "nullPointer", "CVE-2024-1234" */
	const char *path;		 /* source file, lock file, image layer's target; "" */
	uint32_t line, column, end_line; /* 0: not said */
	const char *message;
	/* Given by the tool and stable over moves of the line; "": evidence_fingerprint makes one. */
	const char *fingerprint;
	const char *package, *installed, *fixed; /* of vulnerabilities; "" */
	const char *url;			 /* where to read more; "" */
};

struct evidence_metric {
	const char *name;
	const char *labels; /* `key="value",...`, sorted by key; "" */
	double value;	    /* NaN and infinities are possible */
	const char *unit;   /* "" */
	const char *help;   /* "" */
};

/* A component of an SBOM that belongs to the product (not its tools, not its root). */
struct evidence_component {
	const char *name, *version, *type; /* type: library, application, operating-system...; "" */
	const char *purl, *licenses;	   /* licenses: SPDX expression, or names joined by " AND "; "" */
};

struct evidence_image {
	const char *name;   /* reference with its tag */
	const char *digest; /* sha256:... */
	uint64_t bytes;	    /* compressed size of its layers; 0: not known */
};

/* Where parsers put what they find.  A callback returns PIPE_OK or a negative pipe_code with err filled, which ends the parsing with
 * that error.  Any of them may be NULL: not wanted. */
struct evidence_sink {
	int (*test)(void *payload, const struct evidence_test *t, pipe_error *err);
	int (*line)(void *payload, const struct evidence_line *l, pipe_error *err);
	int (*finding)(void *payload, const struct evidence_finding *f, pipe_error *err);
	int (*metric)(void *payload, const struct evidence_metric *m, pipe_error *err);
	int (*component)(void *payload, const struct evidence_component *c, pipe_error *err);
	int (*image)(void *payload, const struct evidence_image *i, pipe_error *err);
	void *payload;
	/* What this very report is evidence of, even of none (report_gives bits), where its content says so: a GitLab report is one of
	 * secrets or of packages, never of both.  Not called: what its format gives. */
	int (*scope)(void *payload, unsigned gives, pipe_error *err);
};

/* Hands it to the sink, if it takes such. */
static inline int sink_test(const struct evidence_sink *s, const struct evidence_test *t, pipe_error *err)
{
	return s->test ? s->test(s->payload, t, err) : PIPE_OK;
}
static inline int sink_line(const struct evidence_sink *s, const struct evidence_line *l, pipe_error *err)
{
	return s->line ? s->line(s->payload, l, err) : PIPE_OK;
}
static inline int sink_finding(const struct evidence_sink *s, const struct evidence_finding *f, pipe_error *err)
{
	return s->finding ? s->finding(s->payload, f, err) : PIPE_OK;
}
static inline int sink_metric(const struct evidence_sink *s, const struct evidence_metric *m, pipe_error *err)
{
	return s->metric ? s->metric(s->payload, m, err) : PIPE_OK;
}
static inline int sink_component(const struct evidence_sink *s, const struct evidence_component *c, pipe_error *err)
{
	return s->component ? s->component(s->payload, c, err) : PIPE_OK;
}
static inline int sink_image(const struct evidence_sink *s, const struct evidence_image *i, pipe_error *err)
{
	return s->image ? s->image(s->payload, i, err) : PIPE_OK;
}
static inline int sink_scope(const struct evidence_sink *s, unsigned gives, pipe_error *err)
{
	return s->scope ? s->scope(s->payload, gives, err) : PIPE_OK;
}

const char *test_status_name(enum test_status s);
const char *finding_kind_name(enum finding_kind k);
const char *severity_name(enum severity s);
/* false: no such name.  severity_from also knows what tools say instead: blocker, critical, major, minor, error, warning, note,
 * style, negligible, moderate, important... in any case. */
bool severity_from(const char *text, enum severity *out);
bool finding_kind_from(const char *text, enum finding_kind *out);

/* ---- what is counted ---- */

struct evidence_totals {
	/* by enum test_status; quarantined ones are not in them */
	uint64_t tests[TEST_STATUS_COUNT];
	uint64_t quarantined, quarantined_failed;
	int64_t tests_us; /* their durations together */
	/* not suppressed ones */
	uint64_t findings[FINDING_KIND_COUNT][SEVERITY_COUNT];
	uint64_t suppressed;
	uint64_t lines, lines_hit, branches, branches_hit, files;
	uint64_t metrics, components, images;
	uint64_t reports, broken;		/* read to their end; that could not be read */
	uint64_t conditions, conditions_failed; /* of a gate; failed ones also where they only warn */
	/* Some report (or log) of that sort was read to its end: 0 tests are then a result, and not the lack of one. */
	bool has_tests, has_coverage, has_findings[FINDING_KIND_COUNT];
};

/* All tests that ran or were skipped; all findings. */
uint64_t evidence_tests(const struct evidence_totals *t);
uint64_t evidence_findings(const struct evidence_totals *t);

/* ---- helpers of parsers and sinks ---- */

/* A path as a report names it, made relative to the workspace: file:// and a leading workspace (absolute) are taken off, \ becomes /,
 * `.` and `x/..` are resolved; what still leads outside stays as it is, but for the leading slashes.  In the arena, or the text
 * itself. */
const char *evidence_path(struct arena *a, const char *workspace, const char *path);

/* What a finding is recognised by in another run: 16 bytes over tool, rule, path, package and message without its numbers; never
 * the line.  The nth of the same in a run (from 0) gets a fingerprint of its own. */
void evidence_fingerprint(const struct evidence_finding *f, uint32_t nth, unsigned char out[16]);

#endif
