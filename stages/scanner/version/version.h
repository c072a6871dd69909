/*
 * Versions, and what comes before what: one scheme an ecosystem, each in a file of its own, all pure functions over text.
 * Texts come from packages and advisories and are hostile: any length, any bytes; comparing takes time linear in their lengths and no
 * memory.
 */
#ifndef STAGES_SCANNER_VERSION_VERSION_H
#define STAGES_SCANNER_VERSION_VERSION_H

#include <stdbool.h>
#include <stddef.h>

enum version_range { RANGE_OUT, RANGE_IN, RANGE_UNKNOWN /* the version, or the range, cannot be understood */ };

struct version_scheme {
	const char *name; /* "deb" */
	const char *help; /* whose rules these are, and where they are written */
	/* Is it a version that this scheme understands? */
	bool (*valid)(const char *version);
	/* Why it is not, to be read after "it": "has no digit at its start" (static); NULL: it is valid. */
	const char *(*fault)(const char *version);
	/* Negative, 0, positive; a total order over valid versions (of maven: as total as Maven's own). */
	int (*compare)(const char *a, const char *b);
	/* Is the version within a range as the ecosystem's advisories write it ("<1.2.3, >=1.0 || ^2")?  NULL: the grammar that all
	 * share (version_in): comparisons, `,` or a space for and, `||` for or.  A version of more than 4096 bytes is RANGE_UNKNOWN:
	 * time is linear in the length of the range. */
	enum version_range (*in)(const char *version, const char *range);
};

/* Sorted by name, a NULL at the end: apk, bitnami, deb, gem, generic (Cargo, Composer, Go, NuGet, Hex, Pub, Conan, Swift), maven,
 * pep440, rpm, semver (npm). */
extern const struct version_scheme *const version_schemes[];
const struct version_scheme *version_scheme_named(const char *name); /* NULL: none */

/* By the scheme's own rules for ranges, or else by those that all share. */
enum version_range version_in(const struct version_scheme *scheme, const char *version, const char *range);

#endif
