/* One line of what compilers and analysers write for people: which place, how bad, which rule, what. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_LINE_H
#define STAGES_REPORT_COMPILER_COMPILER_LINE_H

#include "stages/evidence.h"

enum compiler_line_kind {
	LINE_OTHER,
	LINE_FINDING,	/* whole; its message may stand on the next line */
	LINE_CONTINUED, /* of the finding above: gcc's second and third line of -Wreorder */
	LINE_NOTE,	/* belongs to the finding above */
	LINE_HEAD,	/* `warning: message` alone (rustc): a finding if an arrow follows */
	LINE_ARROW,	/* ` --> path:line:column` */
	LINE_PLACE,	/* `path:line:column:` alone (gfortran): a finding if a head follows */
	LINE_FILE,	/* a path alone (ESLint, yamllint), perhaps with a line: the place of entries that follow */
	LINE_ENTRY,	/* `  3:5  warning  message  rule`; without a line: it is that of the file's line */
	LINE_CARET	/* points at the column: `    ^` */
};

struct compiler_line {
	enum compiler_line_kind kind;
	enum severity severity;
	const char *path, *rule, *tool; /* path and rule in the line; "" */
	char *message;			/* in the line; may be empty */
	uint32_t line, column;		/* 0: not said */
};

/* Reads a line, which is written in; colour codes are gone by then (compiler_line_plain).  lenient: the text is an analyser's and not a
 * log of all sorts, so that `path:3: message` is a finding. */
void compiler_line_parse(char *text, bool lenient, struct compiler_line *out);
/* Takes escape sequences (colours, links) out of it and what a carriage return overwrote; its new length. */
size_t compiler_line_plain(char *text, size_t length);

#endif
