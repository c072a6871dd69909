/*
 * The tree, for the files of lua/syntax alone.  Nodes lie in one array in the order in which their last token was read, so that whoever
 * goes through it from the beginning meets parts before the whole, and what declares a local before what uses it: nobody recurses.
 * Blocks, conditions and loops leave no nodes of their own, only what stands in them.
 */
#ifndef LUA_SYNTAX_TREE_H
#define LUA_SYNTAX_TREE_H

#include "base/map.h"
#include "base/vec.h"
#include "lua/syntax/lexer.h"
#include "lua/syntax/syntax.h"

enum syntax_kind {
	/* Expressions. */
	SYNTAX_NIL,
	SYNTAX_BOOLEAN,
	SYNTAX_NUMBER,
	SYNTAX_STRING, /* text */
	SYNTAX_VARARG,
	SYNTAX_FUNCTION,
	SYNTAX_TABLE,  /* other: its number; list: for each item its computed key or SYNTAX_NONE, and its value */
	SYNTAX_LOCAL,  /* symbol */
	SYNTAX_GLOBAL, /* text */
	SYNTAX_FIELD,  /* object.text, object["text"] */
	SYNTAX_INDEX,  /* object[other] */
	SYNTAX_CALL,   /* object(list) */
	SYNTAX_METHOD, /* object:text(list) */
	SYNTAX_PAREN,  /* (object) */
	SYNTAX_UNARY,  /* op object */
	SYNTAX_BINARY, /* object op other */
	/* What declares or assigns. */
	SYNTAX_PARAMETERS, /* symbols; before the function's body */
	SYNTAX_DECLARE,	   /* local symbols = list */
	SYNTAX_FOR,	   /* for symbol = list; before the body */
	SYNTAX_FOR_IN,	   /* for symbols in list; before the body */
	SYNTAX_ASSIGN,	   /* list: `other` targets, then values */
	SYNTAX_RETURN	   /* list */
};

enum { SYNTAX_NONE = UINT32_MAX };

enum syntax_flag {
	SYNTAX_TARGET = 1,  /* is assigned to, not read */
	SYNTAX_UPVALUE = 2, /* a local of a function around this one */
	SYNTAX_CONTEXT = 4, /* PARAMETERS: of a function that is called with `ctx` (a stage's compile, evaluate) */
	SYNTAX_NAMED = 8    /* ASSIGN: `function name() ... end` */
};

struct syntax_node {
	uint8_t kind, op, flags; /* op: enum lexer_kind */
	uint32_t line, column;	 /* of what a caret points at: a field's name, a call's function */
	uint32_t length;	 /* characters */
	uint32_t first, count;	 /* its list, in links */
	uint32_t object, other;
	union {
		struct {
			const char *text;
			uint32_t text_length;
		};
		struct {
			uint32_t symbol, symbols; /* the first, and how many there are */
		};
	};
};

struct syntax_symbol {
	const char *name;
	uint32_t function; /* that it is a local of */
	uint32_t shadows;  /* the symbol of that name before it, or SYNTAX_NONE */
	bool assigned;	   /* after it was declared, too */
};

/* A constructor in the text. */
struct syntax_constructor {
	struct syntax_table table;
	uint32_t open, close; /* offsets of its braces */
	uint16_t depth;	      /* constructors around it */
	bool argument;	      /* `f{...}`: without parentheses */
};

struct syntax_tree {
	struct arena *a;
	const char *text; /* borrowed */
	uint32_t length;
	VEC(struct syntax_node) nodes;
	VEC(uint32_t) links;
	VEC(struct syntax_symbol) symbols;
	VEC(struct syntax_constructor) tables;
	bool env; /* says `_ENV`: what a global is, is not known */
};

/* NULL where it is empty. */
static inline const uint32_t *syntax_list(const struct syntax_tree *tree, const struct syntax_node *n)
{
	return n->count ? tree->links.items + n->first : NULL;
}

#endif
