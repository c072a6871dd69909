/*
 * A bill of materials (CycloneDX, SPDX) as something to scan: its components are packages by their package URLs
 * (https://github.com/package-url/purl-spec).  Components without one, or of an unknown type, are counted in a list's notes.
 */
#ifndef RUNNER_SCAN_BILL_H
#define RUNNER_SCAN_BILL_H

#include "stages/scanner/package/package.h"

/* One list a type.  PIPE_EPIPELINE with place: it is no such document, or broken. */
int bill_read(const char *path, struct arena *a, struct scan_os *os, struct package_list *const **lists, size_t *count,
	      pipe_error *err);

#endif
