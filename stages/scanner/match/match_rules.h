/* How one advisory is held against one package: the parts of match.c, by what the package belongs to. */
#ifndef STAGES_SCANNER_MATCH_MATCH_RULES_H
#define STAGES_SCANNER_MATCH_MATCH_RULES_H

#include "stages/scanner/match/match.h"
#include "stages/scanner/version/version.h"

/* What sets a distribution's advisories apart, by Trivy's name of its family. */
struct match_family {
	const char *name;
	bool by_source;		 /* its advisories are about source packages */
	bool source_version;	 /* and so are the versions in them */
	bool unfixed;		 /* an advisory without a mended version means that all versions have it */
	bool latest;		 /* of several advisories of one vulnerability the one with the highest version counts */
	bool strip_epoch;	 /* the epoch 0 is not shown */
	bool streams;		 /* packages of module streams are called "nodejs:12::npm" in its advisories */
	bool no_streams;	 /* its advisories say nothing that could be relied on about packages of module streams */
	bool strict_arch;	 /* an advisory for some architectures is not about "noarch" */
	const char *severity_of; /* whose the severities in the advisories themselves are; NULL: nobody's */
	bool always_severity;	 /* also where it says none */
	bool no_data;		 /* nobody publishes advisories */
};
/* NULL: not known. */
const struct match_family *match_family_of(const char *family);

enum match_skip { MATCH_LOOKED_UP, MATCH_NOT_A_PACKAGE, MATCH_MODULAR };
/* Can the package be looked up at all? */
enum match_skip match_skips(const struct match_family *f, const struct scan_package *p);
/* The name that it is looked up by; in the arena; NULL: no memory. */
const char *match_os_name(const struct match_family *f, const struct scan_package *p, struct arena *a);
const char *match_os_version(const struct match_family *f, const struct scan_package *p);
/* Is the advisory about packages of this architecture and flavour? */
bool match_os_concerns(const struct match_family *f, const struct scan_package *p, const struct advisory *a);
/* version: what match_os_version says. */
enum version_range match_os(const struct match_family *f, const struct version_scheme *s, const char *version,
			    const struct advisory *a);

enum version_range match_ranges(const struct version_scheme *s, const char *version, const struct advisory *a);
/* What to show as the version to go to; in the arena; NULL: no memory. */
const char *match_fixed(const struct match_family *f, const struct advisory *a, struct arena *arena);

/* Fills in what of a finding follows from its advisory and details (which may be NULL): severity, whose word it is, status, title,
 * description and URL.  In the arena; false: no memory. */
bool match_judge(const struct match_family *family, struct scan_finding *f, struct arena *a);

/* Fills in what is known of the vulnerabilities that the results from `from` on have findings of, drops findings that say the same, and
 * puts them in order.  The findings of a package stand together. */
int match_finish(struct scan_report *report, uint32_t from, const struct match_options *options, pipe_error *err);

/* Asked at each step: does the caller want it to end? */
static inline bool match_cancelled(const struct match_options *options, uint32_t step)
{
	enum { EVERY = 256 };

	return step % EVERY == 0 && options->cancel && atomic_load_explicit(options->cancel, memory_order_relaxed);
}

#endif
