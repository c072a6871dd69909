/* The place at the beginning of a compiler's line. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_PLACE_H
#define STAGES_REPORT_COMPILER_COMPILER_PLACE_H

#include "stages/report/compiler/compiler_line.h"

#include <stddef.h>

/* Fills path, line and column of out, ends the path with a NUL in the text, and returns what stands behind the place; NULL: no form of
 * place is there, and none is in out. */
char *compiler_place(char *text, struct compiler_line *out);
/* The same for `path:3:5` alone, which most write. */
char *compiler_place_colon(char *text, struct compiler_line *out);
/* `3`, `3:5` (the colon is `between`), `3.5-7`, `3.5-4.2`: what stands behind it, or NULL. */
char *compiler_place_numbers(char *text, char between, struct compiler_line *out);
/* Whether this may be a path. */
bool compiler_place_is_path(const char *text, size_t length);

#endif
