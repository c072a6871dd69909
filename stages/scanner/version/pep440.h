/* Python's versions, https://peps.python.org/pep-0440/: [EPOCH!]RELEASE[PRE][POST][DEV][+LOCAL], taken apart. */
#ifndef SCANNER_VERSION_PEP440_H
#define SCANNER_VERSION_PEP440_H

#include "stages/scanner/version/schemes.h"

struct pep440 {
	struct span epoch, release;
	char pre; /* 'a', 'b', 'r'; 0: none */
	bool post, dev, local;
	struct span pre_number, post_number, dev_number, local_text;
};

/* s: without spaces around.  What is wrong with it (version.h's fault), or NULL. */
const char *pep440_read(struct span s, struct pep440 *v);
/* local: also what is behind the +. */
int pep440_order(const struct pep440 *a, const struct pep440 *b, bool local);

/* A range of comparisons and ~=, === and `==1.2.*`. */
enum version_range pep440_in(const char *version, const char *range);

#endif
