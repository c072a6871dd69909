/* The version that was put into a Go program when it was linked. */
#ifndef SCANNER_PACKAGE_GO_STAMP_H
#define SCANNER_PACKAGE_GO_STAMP_H

#include "stages/scanner/package/reader.h"

/* From the flags as the build information has them, quoted by Go or not: -X PATH.version=1.2.3.  "": none, or several that could be
 * meant.  NULL: no memory. */
const char *go_stamp(struct reader *r, struct piece module, struct piece flags);

#endif
