/* XML as a tree of elements, bounded as the XML of reports is (stages/report/xml/xml.h). */
#ifndef STAGES_SCANNER_SYNTAX_TREE_XML_H
#define STAGES_SCANNER_SYNTAX_TREE_XML_H

#include "stages/scanner/syntax/tree.h"

struct xml_element {
	const char *name;	 /* without a prefix */
	const char *text;	 /* of an element without others in it, without white space around; otherwise "" */
	const char **attributes; /* name, value, name, value, ... NULL */
	struct xml_element *parent, *first, *last, *next;
	uint32_t line, end;
};

int tree_xml(struct xml_element **root, const struct tree_source *source, struct arena *a, pipe_error *err);

/* The first child of that name; NULL, also of a NULL element: there is none. */
struct xml_element *element_child(const struct xml_element *e, const char *name);
/* The next one of the same name. */
struct xml_element *element_again(const struct xml_element *e);
/* The text of a child, or "". */
const char *element_text(const struct xml_element *e, const char *child);
const char *element_attribute(const struct xml_element *e, const char *name);

#endif
