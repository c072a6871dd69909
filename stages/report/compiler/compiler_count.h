/* The last line in which analysers count what they found: it tells when none of it could be read. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_COUNT_H
#define STAGES_REPORT_COMPILER_COMPILER_COUNT_H

#include <stdint.h>

/* How many findings the line says that there are: `5 problems (3 errors, 2 warnings)`, `Found 2 warnings and 1 error.`; 0: none, or it
 * is no such line. */
uint32_t compiler_count(const char *text);

#endif
