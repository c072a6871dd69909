/* Base scores of CVSS vectors: https://www.first.org/cvss/v3.1/specification-document, v3.0, and https://www.first.org/cvss/v2/guide */
#ifndef SCANNER_ADVISORY_CVSS_H
#define SCANNER_ADVISORY_CVSS_H

/* "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8; "AV:N/AC:L/Au:N/C:P/I:P/A:P" (version 2): 7.5.  Negative: it is not a vector
 * whose score can be computed; so are those of version 4, whose scores come from a table of judgements. */
double cvss_score(const char *vector);

#endif
