/*
 * The live region at the bottom of a terminal: a few lines that are drawn again and again, and lines that leave it upwards into the
 * scrollback.  A frame is put together in memory, only lines that changed are written, all in one write, between the escape
 * sequences of a synchronised update; the cursor is hidden while the region stands.
 *
 * Lines of the region are never wider than the terminal, so that each takes one row; after the window became narrower, terminals
 * break the old ones, which frame_show takes into account.
 */
#ifndef CLI_VIEW_FRAME_H
#define CLI_VIEW_FRAME_H

#include "base/str.h"
#include "cli/output/out.h"
#include <stdbool.h>
#include <stdint.h>

enum { FRAME_LINES = 256 };

struct frame_lines {
	struct str text;
	unsigned count;
	struct {
		size_t start, length;
		unsigned width; /* columns */
	} line[FRAME_LINES];
};

struct frame {
	struct out *out;
	struct str above; /* lines for the scrollback, each with its newline */
	struct str bytes;
	struct frame_lines shown, next;
	unsigned columns; /* of the terminal when `shown` was drawn */
	bool hidden;	  /* the cursor */
};

void frame_init(struct frame *f, struct out *out);
/* Begins a line of the next frame: append to the str that is returned, then call frame_line_end. */
struct str *frame_line(struct frame *f);
/* width: the columns that the line takes. */
void frame_line_end(struct frame *f, unsigned width);
unsigned frame_line_count(const struct frame *f);
/* Writes the frame and the lines above it. */
void frame_show(struct frame *f, unsigned columns);
/* Takes the region away, writes what is to stand above it, and gives the cursor back. */
void frame_end(struct frame *f, unsigned columns);
/* Something else wrote to the terminal: the next frame starts where the cursor is. */
void frame_forget(struct frame *f);
void frame_clear(struct frame *f);

#endif
