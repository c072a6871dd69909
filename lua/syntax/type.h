/*
 * What is known of a value, as far as the tables in lua/api/api.h and lua/rows.h tell: a type is a piece of their LuaCATS texts.  Whatever
 * is not understood is any type, of which nothing is ever complained about.
 */
#ifndef LUA_SYNTAX_TYPE_H
#define LUA_SYNTAX_TYPE_H

#include "base/suggest.h"
#include "lua/api/api.h"
#include <stdbool.h>
#include <stddef.h>

struct type {
	const char *text; /* not NUL-terminated; "pipe.Job?", "string[]", of a call all that it returns: "boolean, string?" */
	size_t length;	  /* 0: any type */
	const struct api_function *function; /* what is called; or NULL */
	bool method;			     /* which takes the value before it: called with a colon */
	const char *parameter;		     /* what "T" stands for in the members of "pipe.Rows<pipe.Finding>"; or NULL */
	size_t parameter_length;
	const char *path; /* where it is reached from the globals: "pipe.json"; NULL: not known */
};
#define TYPE_ANY ((struct type){ .text = NULL })

/* A part of a type: what stands between separators that are in no brackets and no quotes.  false: there are no more. */
bool type_part(struct type *rest, char separator, struct type *part);
struct type type_of_text(const char *text);
bool type_is(struct type t, const char *text);
/* Without what is nil, without parentheses; a union of several is any type, unless all are texts in quotes. */
struct type type_plain(struct type t);
/* The n-th of what a call returns, from 0. */
struct type type_result(struct type returned, uint32_t n);
/* What is called when the value is: its function, or that of an object that can be called; NULL: not known. */
const struct api_function *type_function(struct type t);
/* What a call of a value returns; any type, too, where it is no function that we know. */
struct type type_called(struct type t);
/* An item by its number or by a key that is not known. */
struct type type_item(struct type t);
/* The n-th variable of `for ... in value`. */
struct type type_iterated(struct type t, uint32_t n);
/* Only texts in quotes: "\"low\"|\"high\"", perhaps nil. */
bool type_is_words(struct type t);

enum type_member { TYPE_MEMBER, TYPE_UNKNOWN, TYPE_NO_MEMBER };
/* A key of a table that a parameter takes, by its name, with the type of its value.  UNKNOWN: it takes any, or no table; NO_MEMBER: as
 * below. */
enum type_member type_option(struct type parameter, const char *name, struct type *value, struct suggest *s);
/* A member by its name.  UNKNOWN: anything may be there.  NO_MEMBER: there is none, and all there are have been offered to s (which may
 * be NULL). */
enum type_member type_member(struct type t, const char *name, struct type *member, struct suggest *s);
/* ---- names.c: Lua's own ---- */

/* A global: its type; NO_MEMBER: there is none. */
enum type_member type_global(const char *name, bool test, struct type *type, struct suggest *s);
/* What is said of one that Lua has and scripts here have not; or NULL. */
const char *type_missing(const char *name);
/* Functions of Lua's libraries, ended by NULL; NULL: it is none of them. */
const char *const *type_library(const char *name);

#endif
