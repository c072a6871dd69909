/* Between the names that package formats, Trivy and OSV have for one ecosystem.  ecosystem_of and ecosystem_package: advisory.h. */
#ifndef STAGES_SCANNER_ADVISORY_ECOSYSTEM_H
#define STAGES_SCANNER_ADVISORY_ECOSYSTEM_H

#include "base/arena.h"

/* Trivy's type for the packages of one of OSV's ecosystems of a language ("PyPI": "pip"); of a distribution, or one that we do not
 * know, "". */
const char *ecosystem_type_of_osv(const char *osv);
/* The name by which a package is kept and looked up among OSV records; of PyPI as PEP 503 has it.  NULL: no memory. */
const char *ecosystem_osv_package(const char *osv, const char *name, struct arena *a);
/* The scheme of its versions (version.h), of languages and distributions; "": not known. */
const char *ecosystem_osv_scheme(const char *osv);

#endif
