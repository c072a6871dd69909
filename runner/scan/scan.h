/*
 * One scan by the built-in scanner, from a target to a report.  Blocking; any thread.
 *
 * What cannot be read is never "nothing found": a lock file that is broken fails the scan of a project (and `skip` passes it over by
 * name); in an image, where nobody can mend it, it is a note in the report.
 */
#ifndef RUNNER_SCAN_SCAN_H
#define RUNNER_SCAN_SCAN_H

#include "runner/scan/tree.h"
#include "stages/scanner/report/scan_report.h"

enum scan_what { SCAN_VULNERABILITIES = 1, SCAN_SECRETS = 2 };
/* What is scanned: of IMAGE and ROOTFS what is installed, of the others what is locked. */
enum scan_target { SCAN_AUTO, SCAN_IMAGE, SCAN_ROOTFS, SCAN_FILESYSTEM, SCAN_REPOSITORY, SCAN_SBOM };

struct scan_options {
	const char *target;
	const char *directory; /* what relative paths are meant from; NULL: the current one */
	const char *shown;     /* what the report calls it; NULL: target */
	enum scan_target type;
	unsigned what;	    /* enum scan_what bits; 0: both */
	const char *db;	    /* trivy.db, osv.db, or a directory with them; NULL: what advisories_directory holds */
	int64_t max_age_ms; /* data older than that is refused; 0: SCAN_MAX_AGE_MS; negative: any */
	const char *const *ignore_files, *const *vex_files; /* NULL-terminated; NULL: the .trivyignore beside where it is run */
	const char *const *skip;			    /* globs of paths in the target; NULL-terminated, or NULL */
	bool development;
	bool verify; /* layers of local archives and layouts are held against their digests, too */
	struct tree_options tree;
	const char *const *envp; /* where to look for configuration */
};
#define SCAN_MAX_AGE_MS (INT64_C(7) * 24 * 60 * 60 * 1000)

/* "image", "rootfs", "filesystem", "repository", "sbom"; also "fs", "repo", "auto".  false: there is no such type. */
bool scan_target_from(const char *name, enum scan_target *out);

/* Says in options->type what the target is, where that is SCAN_AUTO. */
int scan_identify(struct scan_options *options, struct arena *a, pipe_error *err);

/* report->arena is given.  PIPE_OK: it was scanned, whatever was found.  Anything else: it could not be, and nothing in the report may be
 * believed. */
int scan_run(const struct scan_options *options, struct scan_report *report, pipe_error *err);

#endif
