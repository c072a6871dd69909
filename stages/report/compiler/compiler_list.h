/* Lists: the name of a file, and entries below it that say where in it. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_LIST_H
#define STAGES_REPORT_COMPILER_COMPILER_LIST_H

#include "stages/report/compiler/compiler_line.h"

/* Whether this is an entry of one of the lists; then it is in out, and the text has been written in. */
bool compiler_list_entry(char *text, struct compiler_line *out);
/* The same of the line that names the file. */
bool compiler_list_file(char *text, struct compiler_line *out);

#endif
