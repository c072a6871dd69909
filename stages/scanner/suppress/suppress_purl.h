/* Package URLs (https://github.com/package-url/purl-spec), as far as comparing needs it. */
#ifndef STAGES_SCANNER_SUPPRESS_SUPPRESS_PURL_H
#define STAGES_SCANNER_SUPPRESS_SUPPRESS_PURL_H

#include "base/arena.h"
#include <stdbool.h>
#include <stdint.h>

enum { PURL_QUALIFIERS = 32 };

struct purl {
	const char *type, *path; /* path: namespace and name, "@angular/core" */
	const char *version;	 /* "" */
	const char *subpath;	 /* "" */
	struct purl_qualifier {
		const char *key, *value;
	} qualifiers[PURL_QUALIFIERS];
	uint32_t count;
};

/* Everything decoded, in the arena; NULL: it is none, or no memory. */
struct purl *purl_parse(struct arena *a, const char *text);
/* Does the pattern mean the package?  What it leaves out (version, qualifiers, subpath) may be anything. */
bool purl_matches(const struct purl *pattern, const struct purl *package);

#endif
