/* One pom.xml with what it inherits, between pom_model.c and pom.c. */
#ifndef SCANNER_PACKAGE_POM_H
#define SCANNER_PACKAGE_POM_H

#include "stages/scanner/package/reader.h"
#include "stages/scanner/syntax/tree_xml.h"

enum { POM_PARENTS = 16, POM_MODULES = 1000 };

struct pom_list {
	VEC(const struct xml_element *) elements;
};
struct pom {
	const char *where; /* relative to the file that is read: "pom.xml", "../pom.xml" */
	const struct xml_element *root;
	const char *group, *artifact, *version; /* resolved, inherited; or "" */
	bool orphan;				/* its group or version would be those of a parent that is not in the tree */
	struct map properties;			/* of its parents and its own, unresolved */
	struct pom_list dependencies;
	struct pom_list managed; /* its own before its parents' */
};

/* Reads it and its parents, as far as they are in the tree (what is not is noted).  bytes: of the file.  1: it is one, 0: it holds something
 * else, negative: an error. */
int pom_load(struct reader *r, const char *where, const char *bytes, size_t length, struct pom *out);
/* With properties in it (${a.b}) resolved; what cannot be is "".  NULL: no memory. */
const char *pom_resolve(struct reader *r, const struct pom *pom, const char *text);
/* The bytes of a pom.xml by its path relative to another one's; a folder's is the pom.xml in it.  NULL: there is none. */
const char *pom_open(struct reader *r, const char *from, const char *relative, const char **where, size_t *length);

#endif
