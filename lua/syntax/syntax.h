/*
 * The syntax of Lua 5.4 (https://www.lua.org/manual/5.4/manual.html#9) as a tree with places: for what Lua itself does not tell.  Hostile
 * input is bounded in depth, nodes and bytes.  Whether a text is Lua is judged by Lua's own compiler (lua_engine_check) first.
 */
#ifndef LUA_SYNTAX_H
#define LUA_SYNTAX_H

#include "base/arena.h"
#include "base/mark.h"
#include "base/str.h"
#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

struct syntax_tree;

int syntax_parse(struct syntax_tree **out, struct arena *a, const char *text, size_t length, pipe_error *err);

/* What Lua's compiler says of a text knows the line: gets the column, and words that say what is missing, where our own reading stops on
 * that line, too.  The text is a whole file. */
void syntax_refine(const char *text, size_t length, pipe_error *err);

/* A table constructor of the text. */
struct syntax_table {
	uint32_t line, column; /* of its `{` */
	struct syntax_item {
		const char *key;	       /* of a field with a constant key; NULL: positional or computed */
		uint32_t key_line, key_column; /* 0: positional */
		uint32_t line, column;	       /* of the value's first token */
	} * items;
	uint32_t count;
};
/* By number, from 0. */
const struct syntax_table *syntax_table(const struct syntax_tree *tree, uint32_t index);

/* The text with each table constructor `{...}` handed to a function: `__at(N,{...})`, line for line as before, so that a table at run time
 * can be asked where it was written.  Those nested very deep are left out; and all, where the text has a variable of that name or _ENV. */
void syntax_instrument(const struct syntax_tree *tree, const char *name, struct str *out);

/* ---- pipe lua check ---- */

struct syntax_complaint {
	uint32_t line, column, length;
	const char *code;    /* "lua-global", "lua-field", "lua-argument" */
	const char *message; /* in the arena */
	const char *hint;    /* or NULL */
};
/* Unknown globals, fields that pipe, ctx and what they lead to do not have (also through locals: `local f = ctx.job`; rows of for loops),
 * wrong numbers of arguments of functions of the library: by the table in lua/api/api.h. test: a file of tests, which has describe, it,
 * assert and their like too.  each: 0 to go on. */
int syntax_check(const struct syntax_tree *tree, struct arena *a, bool test,
		 int (*each)(void *payload, const struct syntax_complaint *complaint), void *payload, pipe_error *err);

#endif
