/* A yarn.lock as it was read, between yarn.c and yarn_direct.c. */
#ifndef SCANNER_PACKAGE_YARN_H
#define SCANNER_PACKAGE_YARN_H

#include "stages/scanner/package/reader.h"

struct yarn_block {
	struct piece name, version;
	uint32_t line, end;
	uint32_t package;	   /* index + 1; 0: none */
	struct reader_ids depends; /* patterns, "name@range" */
};
struct yarn_lock {
	VEC(struct yarn_block) blocks;
	struct map patterns;	      /* "name@range": block + 1 */
	struct reader_ids workspaces; /* folders, as berry says them */
};

/* Tells direct from indirect, and development from production, by the package.json files. */
int yarn_classify(struct reader *r, struct yarn_lock *lock);

#endif
