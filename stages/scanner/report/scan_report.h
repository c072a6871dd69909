/*
 * What a scan found, whichever scanner ran: results by target (a lock file, a distribution's packages, a file with a secret), each with
 * its packages and findings.  The writers turn it into Trivy's JSON, SARIF 2.1.0 and a table.
 */
#ifndef STAGES_SCANNER_REPORT_SCAN_REPORT_H
#define STAGES_SCANNER_REPORT_SCAN_REPORT_H

#include "base/json.h"
#include "base/vec.h"
#include "stages/scanner/advisory/advisory.h"
#include "stages/scanner/package/package.h"

struct scan_finding {
	uint8_t kind;	/* FINDING_VULNERABILITY, FINDING_SECRET, FINDING_MISCONFIGURATION */
	const char *id; /* CVE, or the secret's rule */
	uint8_t severity;
	const char *severity_source; /* "nvd", "ghsa", "debian"; "" */
	const char *title, *description, *url;
	/* Of vulnerabilities. */
	const struct scan_package *package;
	const char *fixed, *status, *vendor_id;
	const struct advisory *advisory;	/* NULL for secrets */
	const struct advisory_details *details; /* or NULL */
	/* Of secrets: where, and the line with the secret itself replaced by asterisks. */
	const char *path, *category, *match;
	uint32_t line_from, line_to;
	/* NULL: it counts.  Otherwise why it is passed over: "ignored by .trivyignore, line 3: accepted until 2027-01-01". */
	const char *suppressed;
	const char *suppressed_by;     /* "ignore" or "vex"; "" */
	const char *suppressed_status; /* VEX: "not_affected", "fixed"; ignore: "ignored" */
	/* Trivy's ExperimentalModifiedFindings.Source and .Statement: the file, and the reason as it is written there; NULL or "" */
	const char *suppressed_source, *suppressed_statement;
};

struct scan_result {
	const char *target;		     /* "package-lock.json", "image.tar (debian 12.5)" */
	const char *class;		     /* Trivy's: "os-pkgs", "lang-pkgs", "secret" */
	const char *type;		     /* "npm", "debian" */
	const struct package_list *packages; /* NULL for secrets */
	VEC(struct scan_finding) findings;
};

struct scan_report {
	struct arena *arena;		      /* everything lives in it */
	const char *artifact, *artifact_type; /* "." "filesystem"; Trivy: container_image, filesystem, repository, cyclonedx... */
	const char *created;		      /* RFC 3339 */
	struct scan_os os;
	const char *image_id, *digest;					      /* of images; "" */
	const char *const *diff_ids, *const *repo_tags, *const *repo_digests; /* NULL-terminated, or NULL */
	VEC(struct scan_result) results;
	/* What was looked at and what could not be: for people, one sentence each. */
	VEC(const char *) notes;    /* "12 packages of type conan cannot be compared: no advisories" */
	VEC(const char *) warnings; /* "the advisories are 9 days old", "entry CVE-1 of .trivyignore matches nothing" */
	const char *database;	    /* "Trivy's database of 2026-11-20, 123,456 advisories"; "" */
	uint64_t files, packages;   /* looked at */
};

enum scan_report_format { SCAN_TABLE, SCAN_JSON, SCAN_SARIF };
/* What is to be shown: at least this severity... */
struct scan_show {
	unsigned severities; /* bits by enum severity; 0: all */
	bool ignore_unfixed;
	bool suppressed;  /* also in the table; JSON and SARIF always have them where the format has a place */
	unsigned columns; /* width of a table; 0: 100 */
	bool colour;
};
/* Written into out piece by piece (str_pass): a report of a million findings needs no memory of its size when `out` writes on. */
int scan_report_write(const struct scan_report *report, enum scan_report_format format, const struct scan_show *show,
		      struct str *out, pipe_error *err);
/* Does the finding count under these bounds? */
bool scan_finding_counts(const struct scan_finding *f, const struct scan_show *show);

#endif
