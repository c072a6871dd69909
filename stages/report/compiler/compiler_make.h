/*
 * Where make and ninja are: what compilers print below `Entering directory` names files from there.  Of makes that run side by side the
 * one that spoke last is believed.
 */
#ifndef STAGES_REPORT_COMPILER_COMPILER_MAKE_H
#define STAGES_REPORT_COMPILER_COMPILER_MAKE_H

#include "base/str.h"

enum { MAKE_LEVELS = 16 };

struct make_place {
	struct str levels[MAKE_LEVELS]; /* directory of each make; "" where it has not said one */
	unsigned count;
};

void make_place_init(struct make_place *m);
void make_place_clear(struct make_place *m);
/* Looks at a line; true: it was about this. */
bool make_place_take(struct make_place *m, const char *line);
/* The directory where it is now; "" where nothing was said. */
const char *make_place_now(const struct make_place *m);

#endif
