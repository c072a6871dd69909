/* One scan by the built-in scanner, from a target to a report.  Blocking; any thread. */
#ifndef RUNNER_SCAN_SCAN_H
#define RUNNER_SCAN_SCAN_H

#include "runner/scan/tree.h"
#include "stages/scanner/scan_report.h"

enum scan_what { SCAN_VULNERABILITIES = 1, SCAN_SECRETS = 2 };

struct scan_options {
	const char *target;
	/* "image", "filesystem", "repository", "sbom"; NULL: by looking at it */
	const char *type;
	unsigned what;		/* enum scan_what bits; 0: both */
	const char *db;		/* trivy.db or a directory; NULL: what advisories_directory holds */
	int64_t max_age_ms;	/* data older than that is refused; 0: 7 days; negative: any */
	const char *const *ignore_files, *const *vex_files; /* NULL-terminated; NULL: .trivyignore of the target's root where there is one */
	bool development;
	struct tree_options tree;
	const char *const *envp; /* where to look for configuration; NULL: none */
};

/* PIPE_OK: it was scanned, whatever was found.  Anything else: it could not be, and nothing in the report may be believed. */
int scan_run(const struct scan_options *options, struct scan_report *report, pipe_error *err);

#endif
