/* A parsed rules:if.  Texts are slices of what was parsed and live as long as it. */
#ifndef PIPELINE_EXPRESSION_TREE_H
#define PIPELINE_EXPRESSION_TREE_H

#include "base/mark.h"
#include <stddef.h>
#include <stdint.h>

enum expression_kind {
	EXPRESSION_NULL,
	EXPRESSION_TEXT,     /* text, length */
	EXPRESSION_VARIABLE, /* text, length: its name */
	EXPRESSION_PATTERN,  /* regex */
	EXPRESSION_EQUAL,    /* left, right */
	EXPRESSION_UNEQUAL,
	EXPRESSION_MATCH,
	EXPRESSION_NO_MATCH,
	EXPRESSION_AND, /* left: the first of a chain by `next` */
	EXPRESSION_OR
};

struct regex;
struct expression {
	uint8_t kind;
	uint32_t length;
	struct mark at; /* of the whole expression */
	union {
		const char *text;
		struct expression *left;
	};
	union {
		struct expression *right;
		struct regex *regex;
	};
	struct expression *next;
};

/* A text of the form /pattern/flags: where the pattern ends; 0: it has another form. */
size_t expression_pattern_end(const char *text, size_t length);

#endif
