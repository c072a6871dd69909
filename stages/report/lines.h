/*
 * Lines of a report that comes in pieces: split, bounded in length, numbered.  For the parsers of formats that are lines of text.
 */
#ifndef STAGES_REPORT_LINES_H
#define STAGES_REPORT_LINES_H

#include "base/str.h"
#include "stages/report/report.h"

/* A whole line: NUL-terminated, without its line end (LF or CR LF); a NUL inside has become a space.  The text is the callee's to
 * write in until it returns.  PIPE_OK, or a negative pipe_code with err filled, which ends the reading. */
typedef int (*lines_each)(void *payload, char *text, size_t length, pipe_error *err);

struct lines {
	lines_each each;
	void *payload;
	struct str text; /* the line so far */
	size_t most;	 /* bytes of a line that are kept; the rest is dropped */
	unsigned number; /* of the line that is handed over, from 1 */
	bool cut;	 /* it was longer than `most` */
	bool ended;	 /* it had a line end: false of a last line without one */
};

/* most 0: 65,536 bytes. */
void lines_init(struct lines *l, size_t most, lines_each each, void *payload);
int lines_feed(struct lines *l, const char *bytes, size_t length, pipe_error *err);
/* Hands over a last line that has no line end. */
int lines_finish(struct lines *l, pipe_error *err);
void lines_clear(struct lines *l);

/* PIPE_EPIPELINE with the place in the line that is handed over; column 0: the line as a whole. */
int lines_error(const struct lines *l, unsigned column, pipe_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- what parsers of text need besides ---- */

/* Appends text, a character at most cut off, as far as s stays within most bytes; what does not fit leaves a "..." behind, once. */
void lines_keep(struct str *s, const char *text, size_t length, size_t most);
/* Digits at *p, which is moved behind them; false: none, or more than a uint32_t holds. */
bool lines_number(const char **p, uint32_t *out);
/* A floating point number in C's notation whatever the locale, also NaN, Inf, Infinity with a sign, in any case.  False: the text is
 * not wholly one. */
bool lines_real(const char *text, size_t length, double *out);

#endif
