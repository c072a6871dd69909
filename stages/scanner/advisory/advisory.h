/*
 * Advisories: what is known to be wrong with which versions of a package.  A source answers for one package at a time; Trivy's database
 * (read in place) and OSV records (in SQLite) are sources, a test brings a table.  What they say is hostile.
 */
#ifndef STAGES_SCANNER_ADVISORY_ADVISORY_H
#define STAGES_SCANNER_ADVISORY_ADVISORY_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"
#include "stages/evidence.h"

/* Where packages of a kind are looked up. */
struct ecosystem {
	/* Trivy's bucket: "debian 12", "alpine 3.18"; for languages a prefix of several: "npm::". */
	const char *bucket;
	const char *osv;    /* OSV's ecosystem: "Debian:12", "npm", "PyPI"; "" : none */
	const char *scheme; /* of versions (version.h) */
};

struct advisory {
	const char *id;	       /* "CVE-2019-10744", "GHSA-..." : what a finding is called (a CVE where one is known) */
	const char *vendor_id; /* "DSA-4535-1"; "" */
	const char *fixed;     /* the version that has it mended, for people; several joined by ", "; "" */
	/* Which versions: for distributions, those below `fixed_below` ("" : all, it is not mended); for languages, those in one of
	 * `vulnerable`, and in none of `patched` and `unaffected` (NULL-terminated, or NULL). */
	bool ranged;				 /* the lists say it; otherwise fixed_below does */
	const char *fixed_below, *affected_from; /* affected_from: "" from the first */
	const char *const *vulnerable, *const *patched, *const *unaffected;
	const char *const *versions; /* OSV: these exact ones, beside the ranges; or NULL */
	const char *const *arches;   /* only on these; or NULL */
	const char *status; /* Trivy's: "fixed", "affected", "will_not_fix", "fix_deferred", "end_of_life"...; "" : from fixed */
	uint8_t severity;   /* enum severity: what this source itself says; UNKNOWN: the details say it */
	const char *source_id, *source_name, *source_url; /* "ghsa", "GitHub Security Advisory npm", ... */
};

/* What is known of the vulnerability itself, whichever package has it. */
struct advisory_details {
	const char *title, *description;
	uint8_t severity; /* overall; UNKNOWN */
	struct {
		const char *source;
		uint8_t severity;
	} vendors[32]; /* VendorSeverity */
	uint32_t vendor_count;
	const char *cwes;		  /* "CWE-20, CWE-400"; "" */
	const char *published, *modified; /* RFC 3339; "" */
	const char *references;		  /* one a line; "" */
	const char *cvss;		  /* JSON as the database has it: {"nvd": {"V3Vector": ..., "V3Score": 7.5}}; "" */
	const char *aliases;		  /* ids, one a line; "" */
};

struct advisory_source {
	const char *name;    /* "Trivy's database", for people */
	const char *path;    /* where it lies */
	int64_t updated_ms;  /* when its data was made; 0: not known */
	uint64_t advisories; /* how many it holds, where that is known without counting; 0 */
	/* All that it has on a package.  In the arena; several threads may not use one source at once. */
	int (*look_up)(void *payload, const struct ecosystem *e, const char *package, struct arena *a,
		       int (*each)(void *context, const struct advisory *advisory), void *context, pipe_error *err);
	/* PIPE_ENOTFOUND: it knows nothing of it. */
	int (*details)(void *payload, const char *id, struct arena *a, struct advisory_details *out, pipe_error *err);
	/* Does it have data on such packages at all?  "No advisory" of an ecosystem that it does not cover is not "clean". */
	bool (*covers)(void *payload, const struct ecosystem *e);
	void (*close)(void *payload);
	void *payload;
};

/* For a distribution (os) or a language (type); *out.bucket "" : there is none, its packages cannot be compared. */
struct scan_os;
void ecosystem_of(const char *type, const struct scan_os *os, struct arena *a, struct ecosystem *out);
/* The name that advisories of the ecosystem use: PyPI in lower case with `-`, Go's and npm's as they are... */
const char *ecosystem_package(const char *type, const char *name, struct arena *a);

#endif
