/* Paragraphs of `Key: value` lines, with continuation lines (RFC 822's form): dpkg's status, Python's METADATA. */
#ifndef STAGES_SCANNER_SYNTAX_STANZA_H
#define STAGES_SCANNER_SYNTAX_STANZA_H

#include "stages/scanner/syntax/text.h"

enum { STANZA_FIELDS = 24 };

struct stanza {
	const char *const *names;	    /* the fields that matter, NULL at the end, at most STANZA_FIELDS; case is ignored */
	struct piece values[STANZA_FIELDS]; /* the first line of each; empty: not there */
	/* A field that has a value already is told here again: classifiers. */
	void (*again)(void *payload, unsigned field, struct piece value);
	void *payload;
	uint32_t from, to;   /* lines */
	uint32_t wrong_line; /* the first line that is neither a field nor goes on with one; 0: none */
};

/* The next paragraph; false: there is none left. */
bool stanza_next(struct stanza *s, struct text_lines *l);

#endif
