/* What the writers of a scan's report share. */
#ifndef SCANNER_WRITING_H
#define SCANNER_WRITING_H

#include "base/json.h"
#include "base/str.h"
#include "stages/scanner/report/scan_report.h"
#include <jansson.h>

struct writing {
	const struct scan_report *report;
	const struct scan_show *show;
	struct str *out;
	struct arena scratch; /* of one finding or package */
	bool failed;	      /* no memory */
};

void writing_trivy(struct writing *w);
void writing_sarif(struct writing *w);
void writing_table(struct writing *w);

/* NULL is "". */
const char *writing_text(const char *text);
/* "HIGH", as Trivy spells it: INFO is nothing that Trivy knows, and stays. */
const char *writing_severity(uint8_t severity);
/* Is it within the bounds, whether it is suppressed or not? */
bool writing_shows(const struct writing *w, const struct scan_finding *f);
/* In the scratch arena; "" where there is none or no memory. */
const char *writing_purl(struct writing *w, const struct scan_result *r, const struct scan_package *p);
/* The CVSS scores that are known of it, an object by source; NULL: none that can be read.  The caller's to json_decref(). */
json_t *writing_cvss(const struct scan_finding *f);
/* Calls back with each part of a list, without blanks around it; `separator` is one of its characters. */
void writing_parts(const char *list, char separator, void (*each)(void *context, const char *part, size_t length), void *context);

#endif
