/* The tree of a live view: stages, running jobs, their last lines, and the line that sums it up. */
#ifndef CLI_VIEW_TTY_TREE_H
#define CLI_VIEW_TTY_TREE_H

#include "cli/output/term.h"
#include "cli/view/board.h"
#include "cli/view/frame.h"

struct tree {
	const struct board *board;
	const struct term *term;
	unsigned tick;	  /* of the spinner */
	const char *note; /* instead of the counts: what the user is waiting for; or NULL */
	bool no_tails;	  /* the jobs' last lines stand above already */
	unsigned widest;  /* name of the jobs looked at so far */
	uint32_t looked_at;
};

void tree_init(struct tree *t, const struct board *b, const struct term *term);
/* Columns for the names of jobs, the same in all lines. */
unsigned tree_name_width(struct tree *t, unsigned columns);
/* Puts the lines of a frame together. */
void tree_draw(struct tree *t, struct frame *f, unsigned columns, unsigned rows, int64_t now);

#endif
