/* Shared by the lexer (expression_lexer.c) and the grammar (expression.c) of conditions. */
#ifndef PIPELINE_EXPRESSION_LEXER_H
#define PIPELINE_EXPRESSION_LEXER_H

#include "pipeline/document/document.h"
#include "pipeline/rule/expression_tree.h"

enum token_kind {
	TOKEN_END,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_COMPARE, /* operation says which */
	TOKEN_VALUE,   /* operation: EXPRESSION_NULL, _TEXT, _VARIABLE */
	TOKEN_PATTERN,
	TOKEN_WRONG /* reported */
};

struct token {
	enum token_kind kind;
	enum expression_kind operation;
	const char *start, *end; /* all of it */
	const char *text;	 /* without quotes, dollar, slashes */
	size_t length;
	const char *flags; /* of a pattern, up to end */
};

struct parser {
	struct arena *a;
	struct diagnostics *d;
	const struct node *node;
	const char *at; /* behind the token */
	struct token token;
	unsigned depth;
	bool failed;
};

/* Reads the next token into p->token; after a failure always TOKEN_WRONG. */
void expression_advance(struct parser *p);
/* Reports what is wrong from start to end, once a parse; what follows fails silently. */
void expression_complain(struct parser *p, const char *start, const char *end, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Where a place in the text is in the file; *exact: the text stands there as it is. */
struct mark expression_place(const struct parser *p, const char *where, bool *exact);
/* The bytes of a line before the column. */
size_t expression_column_offset(const char *line, size_t length, unsigned column);

#endif
