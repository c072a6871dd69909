/*
 * What a team has decided to pass over: .trivyignore (plain, with `exp:YYYY-MM-DD` and comments; and .trivyignore.yaml), and VEX documents
 * (OpenVEX, CycloneDX VEX, CSAF).  Suppressed findings stay in the report; expired and unmatched entries are warnings.
 */
#ifndef STAGES_SCANNER_SUPPRESS_SUPPRESS_H
#define STAGES_SCANNER_SUPPRESS_SUPPRESS_H

#include "stages/scanner/report/scan_report.h"

struct suppressions; /* in an arena */

struct suppressions *suppressions_new(struct arena *a);
/* path: for messages, and its end tells YAML from text.  PIPE_EPIPELINE with err's file, line: it cannot be understood. */
int suppressions_read_ignore(struct suppressions *s, const char *path, const char *bytes, size_t length, int64_t now_ms,
			     pipe_error *err);
int suppressions_read_vex(struct suppressions *s, const char *path, const char *bytes, size_t length, pipe_error *err);
/* Marks the findings of the report, and adds warnings for entries that have expired or match nothing.  false: no memory. */
bool suppressions_apply(struct suppressions *s, struct scan_report *report);

#endif
