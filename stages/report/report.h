/*
 * Reports: what tools write, read into evidence.  One parser a format, each a push parser in a file of its own: bytes go in piece by
 * piece, evidence comes out of it, nothing is ever held whole.  report_read is the way in for everybody: it recognises the format
 * where it is not said, converts the encoding, counts, bounds, and hands the pieces to the parser.
 *
 * A report that ends in the middle, is hostile or is of another format is an error with a place; what was found before it has gone to
 * the sink by then, and it is the sink's owner who throws it away.  An attribute's total is never believed: elements are counted.
 */
#ifndef STAGES_REPORT_H
#define STAGES_REPORT_H

#include "stages/evidence.h"

struct report_limits {
	uint64_t bytes;	     /* of a report; 0: 2 GiB */
	uint64_t items;	     /* tests, findings, lines...; 0: 10,000,000 */
	uint32_t depth;	     /* nesting; 0: 200 */
	uint32_t text_bytes; /* of one text (message, details): longer ones are cut and end in "..."; 0: 65,536 */
	uint32_t item_bytes; /* of one element that has to be held whole; 0: 16 MiB */
};

struct report_options {
	const char *workspace;	     /* absolute; taken off paths */
	const char *tool;	     /* for formats that do not say who wrote them; "" */
	uint8_t kind;		     /* enum finding_kind of findings, where the format does not say */
	struct report_limits limits; /* of the parser: filled in by report_read */
};

/* How a parser works; `state` is its own. */
struct report_format {
	const char *name; /* "junit" */
	const char *help; /* "JUnit XML: pytest, Surefire, GoogleTest, ..." */
	unsigned gives;	  /* report_gives bits: what a report of this format is evidence of, even when there is none in it */
	bool text;	  /* lines of text for people: bytes that are no UTF-8 are replaced, and not an error */
	size_t state_size;
	/* state is zeroed.  sink and options outlive it. */
	int (*begin)(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err);
	/* UTF-8 without a byte-order mark.  err: line and column of the fault where the parser knows them. */
	int (*feed)(void *state, const char *bytes, size_t length, pipe_error *err);
	/* The end of the file: what is incomplete is an error. */
	int (*finish)(void *state, pipe_error *err);
	/* Gives back what begin and feed took; also after an error, also after a begin that failed. */
	void (*end)(void *state);
	/* How sure the format is of being meant, from the first bytes (UTF-8, up to 4 KiB) and the file's name: 0 not at all, 100
	 * certainly. */
	unsigned (*recognise)(const char *head, size_t length, const char *path);
};

enum report_gives {
	GIVES_TESTS = 1 << 0,
	GIVES_COVERAGE = 1 << 1,
	GIVES_ISSUES = 1 << 2,
	GIVES_WARNINGS = 1 << 3,
	GIVES_VULNERABILITIES = 1 << 4,
	GIVES_SECRETS = 1 << 5,
	GIVES_MISCONFIGURATIONS = 1 << 6,
	GIVES_LICENSES = 1 << 7,
	GIVES_METRICS = 1 << 8,
	GIVES_COMPONENTS = 1 << 9
};

/* All formats, a NULL at the end. */
extern const struct report_format *const report_formats[];
/* By name; also GitLab's names for kinds of reports (report_for_artifact).  NULL: none. */
const struct report_format *report_format_named(const char *name);
/* The format of `artifacts:reports:KIND` (with coverage_format where it has one): junit -> junit, coverage_report + cobertura ->
 * cobertura, metrics -> openmetrics, sast... -> gitlab-security.  NULL: KIND is no evidence (dotenv, annotations...). */
const struct report_format *report_for_artifact(const char *kind, const char *coverage_format);

/* Fills the buffer: bytes read, 0 at the end, negative pipe_code with err filled. */
typedef int64_t (*report_source)(void *payload, char *buffer, size_t size, pipe_error *err);

/* Reads a report to its end.  format NULL: recognised.  path: as the user would name it, for errors (err->file, line, column) and to
 * recognise the format.  *used (may be NULL): the format that was found.  Errors: PIPE_EPIPELINE what is wrong with the report,
 * PIPE_ELIMIT a bound was reached, PIPE_ENOMEM, PIPE_EIO and what source and sink return.  Any thread; blocking as source is. */
int report_read(const struct report_format *format, const char *path, report_source source, void *payload,
		const struct report_options *options, const struct evidence_sink *sink, const struct report_format **used,
		pipe_error *err);

#endif
