/* What the files of the check share: the walk over the tree (check.c), calls (check_call.c). */
#ifndef LUA_SYNTAX_CHECK_H
#define LUA_SYNTAX_CHECK_H

#include "lua/syntax/tree.h"
#include "lua/syntax/type.h"

enum { COMPLAINTS_MOST = 500 };

struct checking {
	const struct syntax_tree *tree;
	struct arena *a;
	bool test, nomem;
	struct type *types;   /* of nodes */
	struct type *symbols; /* of locals that are assigned once */
	struct map assigned;  /* globals of the file's own */
	VEC(struct syntax_complaint) complaints;
};

/* message, hint: formatted in the arena; hint NULL: none. */
void check_complain(struct checking *c, const struct syntax_node *at, const char *code, const char *message, const char *hint);
void check_complain_at(struct checking *c, uint32_t line, uint32_t column, uint32_t length, const char *code, const char *message,
		       const char *hint);
char *check_say(struct checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "did you mean \"x\"?", or NULL. */
const char *check_hint(struct checking *c, const struct suggest *s);
/* A text in the place of one of several words: is it one of them? */
void check_word(struct checking *c, const struct syntax_node *text, struct type words);
/* The arguments of a call of something that we know. */
void check_call(struct checking *c, const struct syntax_node *call, struct type function);

#endif
