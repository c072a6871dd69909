/* What stands behind the place in a diagnostic's line. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_TAIL_H
#define STAGES_REPORT_COMPILER_COMPILER_TAIL_H

#include "stages/report/compiler/compiler_line.h"

/* Reads what stands behind a place (which is in out) into out; the text is written in.  lenient: the text is known to be an analyser's,
 * so that less has to be said.  False: no form of diagnostic. */
bool compiler_tail(char *p, bool lenient, struct compiler_line *out);

/* Single forms, for lines without a place. */
/* `warning: message`, `error TS2322: message`, `error[E0308]: message` */
bool compiler_tail_severity(char *p, struct compiler_line *out);
/* `E501 message`, `C0114: message`, `DL3006 warning: message` */
bool compiler_tail_code(char *p, struct compiler_line *out);
/* `undefined reference to ...`: the linker's, and make's */
bool compiler_tail_phrase(char *p, struct compiler_line *out);

#endif
