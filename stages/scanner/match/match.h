/* Packages held against advisories: the heart of the scanner. */
#ifndef STAGES_SCANNER_MATCH_MATCH_H
#define STAGES_SCANNER_MATCH_MATCH_H

#include "stages/scanner/report/scan_report.h"
#include <stdatomic.h>

struct match_options {
	struct advisory_source *const *sources; /* NULL-terminated; of the same vulnerability the first one's word counts */
	bool development;			/* also packages that are only needed to build */
	const atomic_bool *cancel;		/* or NULL */
};
/* Adds a result for each list (also one without findings) to the report, whose os is set.  Lists must outlive the report. */
int scan_match(struct scan_report *report, const struct package_list *const *lists, size_t count,
	       const struct match_options *options, pipe_error *err);

#endif
