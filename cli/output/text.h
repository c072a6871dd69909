/*
 * Text for a terminal.  What comes from files, logs and repositories is hostile: it passes text_clean before it is shown, which
 * leaves nothing that a terminal would obey.  Widths count columns, not bytes.
 */
#ifndef CLI_OUTPUT_TEXT_H
#define CLI_OUTPUT_TEXT_H

#include "base/str.h"
#include <stddef.h>
#include <stdint.h>

enum text_flags {
	TEXT_COLOUR = 1 << 0, /* SGR sequences (colours) stay, and are ended at the end of the text */
	TEXT_TABS = 1 << 1,   /* tabs stay; otherwise they become spaces */
	TEXT_ASCII = 1 << 2   /* what is not ASCII becomes `?` */
};

/* Appends one line: control characters, escape sequences, directional overrides and invalid bytes are taken out. */
void text_clean(struct str *out, const char *text, size_t length, unsigned flags);
/* What a terminal would leave standing of a line with carriage returns (a progress bar): the part after the last one. */
const char *text_after_return(const char *text, size_t *length);
/* Columns of clean text without colours. */
unsigned text_width(const char *text, size_t length);
/* Appends as much clean text as fits; what is cut ends in `more`.  pad: spaces up to the width.  Returns the columns used. */
unsigned text_fit(struct str *out, const char *text, unsigned columns, const char *more, int pad);
/* The same of a name, which is cut in its middle: what tells the jobs of a matrix apart stands at the end. */
unsigned text_fit_name(struct str *out, const char *name, unsigned columns, const char *more, int pad);

#endif
