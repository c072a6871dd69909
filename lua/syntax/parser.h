/* What the files of the parser share. */
#ifndef LUA_SYNTAX_PARSER_H
#define LUA_SYNTAX_PARSER_H

#include "lua/syntax/tree.h"

enum {
	PARSER_DEPTH = 200,	/* as deep as Lua's own parser goes, counted as it does */
	PARSER_NODES = 1 << 20, /* and tables, symbols and links each */
	PARSER_BYTES = 16 << 20
};

struct parser_name {
	const char *text;
	uint32_t symbol; /* the innermost local of that name; SYNTAX_NONE: there is none */
};

struct parser {
	struct lexer lexer;
	struct lexer_token token, ahead;
	bool has_ahead;
	struct arena *a;
	struct syntax_tree *tree;
	struct map names;      /* -> struct parser_name */
	VEC(uint32_t) active;  /* symbols in scope */
	VEC(uint32_t) pending; /* lists that are being read */
	VEC(struct syntax_item) items;
	uint32_t depth, tables; /* nesting of all, and of constructors */
	uint32_t function, functions;
	const char *naming; /* the key that the next expression is a value of; NULL: none */
};

/* ---- parser.c ---- */
bool parser_next(struct parser *p);
const struct lexer_token *parser_ahead(struct parser *p); /* NULL: it failed */
/* Passes a token of that kind; *taken says whether it was there. */
bool parser_take(struct parser *p, enum lexer_kind kind, bool *taken);
bool parser_expect(struct parser *p, enum lexer_kind kind);
/* Of what began at `open` and is not closed. */
bool parser_close(struct parser *p, enum lexer_kind kind, const struct lexer_token *open);
bool parser_error(struct parser *p, const char *wanted);
bool parser_memory(struct parser *p);
bool parser_too_large(struct parser *p);
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);
/* The name that stands here, interned, and past it; NULL: it failed. */
struct parser_name *parser_name(struct parser *p);
struct parser_name *parser_intern(struct parser *p, const char *text, size_t length);
/* A new node at a token; SYNTAX_NONE: it failed.  The pointer is good until the next. */
uint32_t parser_node(struct parser *p, enum syntax_kind kind, const struct lexer_token *at);
struct syntax_node *parser_at(struct parser *p, uint32_t node);
/* Lists: push onto pending, then hand what is there from `from` on to a node. */
bool parser_push(struct parser *p, uint32_t value);
bool parser_list(struct parser *p, uint32_t node, uint32_t from);
/* ---- parser_statement.c ---- */
/* Behind `function` and its name. */
uint32_t parser_function(struct parser *p, const struct lexer_token *at, bool method, const char *name);

/* ---- parser_expression.c ---- */
uint32_t parser_expression(struct parser *p);
/* One or more, onto pending. */
bool parser_expressions(struct parser *p);
/* A variable, a field or a call. */
uint32_t parser_suffixed(struct parser *p);
/* A variable by its name. */
uint32_t parser_variable(struct parser *p);
/* object.NAME, at the name. */
uint32_t parser_field(struct parser *p, uint32_t object);

#endif
