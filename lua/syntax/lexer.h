/* Tokens of Lua 5.4 with their places (https://www.lua.org/manual/5.4/manual.html#3.1); for the rooms of lua/syntax alone. */
#ifndef LUA_SYNTAX_LEXER_H
#define LUA_SYNTAX_LEXER_H

#include "base/arena.h"
#include "pipe.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Those with a fixed spelling; the keywords first, in the order of the alphabet. */
#define LEXER_FIXED(X)                                                                                                           \
	X(AND, "and")                                                                                                            \
	X(BREAK, "break")                                                                                                        \
	X(DO, "do")                                                                                                              \
	X(ELSE, "else")                                                                                                          \
	X(ELSEIF, "elseif")                                                                                                      \
	X(TAIL_END, "end")                                                                                                       \
	X(FALSE, "false")                                                                                                        \
	X(FOR, "for")                                                                                                            \
	X(FUNCTION, "function")                                                                                                  \
	X(GOTO, "goto")                                                                                                          \
	X(IF, "if")                                                                                                              \
	X(IN, "in")                                                                                                              \
	X(LOCAL, "local")                                                                                                        \
	X(NIL, "nil")                                                                                                            \
	X(NOT, "not")                                                                                                            \
	X(OR, "or")                                                                                                              \
	X(REPEAT, "repeat")                                                                                                      \
	X(RETURN, "return")                                                                                                      \
	X(THEN, "then")                                                                                                          \
	X(TRUE, "true")                                                                                                          \
	X(UNTIL, "until")                                                                                                        \
	X(WHILE, "while")                                                                                                        \
	X(DOTS, "...")                                                                                                           \
	X(CONCAT, "..")                                                                                                          \
	X(EQUAL, "==")                                                                                                           \
	X(NOT_EQUAL, "~=")                                                                                                       \
	X(LESS_EQUAL, "<=")                                                                                                      \
	X(GREATER_EQUAL, ">=")                                                                                                   \
	X(SHIFT_LEFT, "<<")                                                                                                      \
	X(SHIFT_RIGHT, ">>")                                                                                                     \
	X(FLOOR_DIVIDE, "//")                                                                                                    \
	X(LABEL, "::")                                                                                                           \
	X(PLUS, "+")                                                                                                             \
	X(MINUS, "-")                                                                                                            \
	X(TIMES, "*")                                                                                                            \
	X(DIVIDE, "/")                                                                                                           \
	X(MODULO, "%")                                                                                                           \
	X(POWER, "^")                                                                                                            \
	X(LENGTH, "#")                                                                                                           \
	X(BIT_AND, "&")                                                                                                          \
	X(TILDE, "~")                                                                                                            \
	X(BIT_OR, "|")                                                                                                           \
	X(LESS, "<")                                                                                                             \
	X(GREATER, ">")                                                                                                          \
	X(ASSIGN, "=")                                                                                                           \
	X(OPEN_PAREN, "(")                                                                                                       \
	X(CLOSE_PAREN, ")")                                                                                                      \
	X(OPEN_BRACE, "{")                                                                                                       \
	X(CLOSE_BRACE, "}")                                                                                                      \
	X(OPEN_BRACKET, "[")                                                                                                     \
	X(CLOSE_BRACKET, "]")                                                                                                    \
	X(SEMICOLON, ";")                                                                                                        \
	X(COLON, ":")                                                                                                            \
	X(COMMA, ",")                                                                                                            \
	X(DOT, ".")

enum lexer_kind {
#define X(name, text) LEXER_##name,
	LEXER_FIXED(X)
#undef X
		LEXER_KEYWORDS = LEXER_WHILE + 1, /* how many keywords there are */
	LEXER_NAME = LEXER_DOT + 1,
	LEXER_STRING,
	LEXER_NUMBER,
	LEXER_EOF
};

struct lexer_token {
	enum lexer_kind kind;
	uint32_t offset, length; /* bytes of the text */
	uint32_t line, column;	 /* from 1; columns in characters */
};

struct lexer {
	const char *text;
	uint32_t length, at;
	uint32_t line;
	uint32_t counted,
		column; /* bytes of the text that column (from 1) has counted; counted is a line's beginning or behind it */
	struct lexer_token token; /* the one that was read last */
	bool failed;
	pipe_error *err;
};

/* length is below 2^31. */
void lexer_init(struct lexer *x, const char *text, size_t length, pipe_error *err);
/* The next token, in x->token.  false: err says what is wrong, with its line and column. */
bool lexer_next(struct lexer *x);
/* What a token of kind LEXER_STRING stands for: in the arena, with a NUL behind its bytes.  NULL: err says what is wrong with an
 * escape, or that there is no memory. */
const char *lexer_string(struct lexer *x, const struct lexer_token *token, struct arena *a, uint32_t *length);
/* The error, with a place; returns false. */
bool lexer_error(struct lexer *x, const struct lexer_token *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The spelling of a kind, for messages. */
const char *lexer_kind_text(enum lexer_kind kind);

#endif
