/*
 * What is to be said about a pipeline file: collected while reading goes on, sorted by place, shown as text with a caret, JSON
 * or SARIF.  Reporting never fails: when memory runs out, `nomem` is set and the load ends with PIPE_ENOMEM.
 */
#ifndef PIPELINE_DIAGNOSTIC_H
#define PIPELINE_DIAGNOSTIC_H

#include "base/arena.h"
#include "base/json.h"
#include "base/mark.h"
#include "base/vec.h"
#include "pipe.h"
#include "pipeline/document/source.h"
#include <stdbool.h>

struct node;

/* "this came from there": shown below a diagnostic. */
struct related {
	struct mark at;
	const char *text;
};

struct diagnostic {
	enum pipe_severity severity;
	const char *code; /* static, such as "unknown-keyword" */
	struct mark at;
	uint32_t length; /* characters under the caret; 0: to be found out from the source line */
	const char *message;
	const char *hint; /* or NULL */
	VEC(struct related) related;
};

struct diagnostics {
	struct arena *arena;
	struct sources *sources;
	VEC(struct diagnostic) list;
	uint32_t errors, warnings;
	uint32_t last; /* 1 + index of the one reported last; 0: it was not kept (said before, or beyond the limit) */
	bool strict;   /* "not honoured here" is an error */
	bool nomem;
};

void diagnostics_init(struct diagnostics *d, struct arena *a, struct sources *s);

/* Reports; the format may end in no full stop: a sentence in lower case, the text at fault in double quotes.  The same message at
 * the same place is reported once.  After LIMIT_DIAGNOSTICS errors, or as many warnings, they are only counted. */
void diag_error(struct diagnostics *d, struct mark at, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warning(struct diagnostics *d, struct mark at, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* On the diagnostic reported last: what would be right ("did you mean \"script\"?"). */
void diag_hint(struct diagnostics *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* On the diagnostic reported last: a place that has to do with it. */
void diag_related(struct diagnostics *d, struct mark at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* On the diagnostic reported last: how many characters the caret underlines. */
void diag_span(struct diagnostics *d, uint32_t length);
/* One that was reported elsewhere, with all that belongs to it; its texts are borrowed. */
void diag_copy(struct diagnostics *d, const struct diagnostic *one);

/* By source in order of inclusion (the file itself first), line, column; and finds out the lengths that are 0.  Call it before
 * showing them. */
void diagnostics_sort(struct diagnostics *d);
/* Fills a public diagnostic (strings borrowed). */
void diagnostic_public(const struct diagnostics *d, const struct diagnostic *one, pipe_diagnostic *out);

void diagnostics_text(const struct diagnostics *d, struct str *out, bool colour);
void diagnostics_json(const struct diagnostics *d, struct str *out);
void diagnostics_sarif(const struct diagnostics *d, struct str *out);

#endif
