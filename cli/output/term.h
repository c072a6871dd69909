/*
 * What an output stream can show: colours, UTF-8, its size; and the symbol and colour of each status, from one table.
 */
#ifndef CLI_OUTPUT_TERM_H
#define CLI_OUTPUT_TERM_H

#include "base/str.h"
#include "pipe.h"
#include <stdbool.h>

enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct term {
	int fd;
	bool tty, colour, utf8;
	const char *more; /* what stands where text was cut */
};

void term_init(struct term *t, int fd, enum colour_choice choice);
/* Asked anew each time: the window may have changed.  80 by 24 where nobody knows. */
void term_size(const struct term *t, unsigned *columns, unsigned *rows);
/* text_flags for showing untrusted text on it. */
unsigned term_text_flags(const struct term *t);

/* SGR codes */
#define SGR_BOLD "1"
#define SGR_DIM "2"
#define SGR_RED "31"
#define SGR_GREEN "32"
#define SGR_YELLOW "33"
#define SGR_BLUE "34"
#define SGR_CYAN "36"

/* Colour on and off; nothing where there are no colours.  sgr may be NULL. */
void term_on(const struct term *t, struct str *out, const char *sgr);
void term_off(const struct term *t, struct str *out, const char *sgr);
void term_paint(const struct term *t, struct str *out, const char *sgr, const char *text);
/* The one-column symbol of a status, in its colour. */
void term_symbol(const struct term *t, struct str *out, enum pipe_status status);
const char *term_status_sgr(enum pipe_status status);
/* One of two texts, by what the stream can show. */
const char *term_pick(const struct term *t, const char *utf8, const char *ascii);

#endif
