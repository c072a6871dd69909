/* Names of Python packages (PEP 503). */
#ifndef SCANNER_PACKAGE_PYTHON_NAME_H
#define SCANNER_PACKAGE_PYTHON_NAME_H

#include "stages/scanner/package/reader.h"

/* Lower case, each run of `-`, `_` and `.` is one `-`.  NULL: no memory. */
const char *python_name(struct reader *r, struct piece name);
/* The name at the start of a requirement ("Flask[async] >=1.0; ..."). */
struct piece python_requirement(struct piece requirement);

#endif
