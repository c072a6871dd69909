/*
 * The one table of what scripts see: libraries with their functions, classes with their fields.  Functions are registered from it, and
 * the annotations for editors (LuaCATS), docs/reference/lua.md and `pipe lua check` are made from it.  Classes of rows come from
 * lua/rows.h.
 */
#ifndef LUA_API_H
#define LUA_API_H

#include "base/str.h"
#include "lua/lua54.h"

struct api_parameter {
	const char *name;
	const char *type; /* LuaCATS: "string", "table<string, string>", "pipe.HttpOptions?" (optional) */
	const char *help;
};

struct api_function {
	const char *library;			/* "pipe", "pipe.json", "ctx.evidence" (a method of a class: "pipe.Rows") */
	const char *name;			/* "http" */
	const char *help;			/* one line */
	const struct api_parameter *parameters; /* ended by one without a name */
	const char *returns;			/* LuaCATS: "pipe.HttpReply"; several: "boolean, string?"; NULL: nothing */
	const char *returned;			/* what that is, in words; NULL */
	const char *example;			/* lines of Lua; NULL */
	const char *grant;			/* "http": what must be allowed in the pipeline file; NULL */
	bool waits; /* other jobs and scripts go on meanwhile; not in a stage's compile, in rules, inside table.sort or string.gsub */
	lua_CFunction function;
	const char *since;
};
extern const struct api_function api_functions[]; /* by library, then name; ended by one without a name */

struct api_field {
	const char *name;
	const char *type;
	const char *help;
};
struct api_class {
	const char *name; /* "pipe.Context" */
	const char *help;
	const struct api_field *fields; /* ended by one without a name */
	bool open;			/* further fields are no mistake: variables, arguments */
};
extern const struct api_class api_classes[]; /* ended by one without a name; without those of rows.h */

/* The globals that a script has beside those of Lua 5.4: "pipe", "ctx", "host"; and those of Lua that it lacks, each with a reason and
 * what to use instead. */
struct api_global {
	const char *name;
	const char *type; /* class, or NULL: it is missing */
	const char *help;
};
extern const struct api_global api_globals[];

/* LuaCATS annotations, for editors and for people. */
void api_annotations(struct str *out);
/* docs/reference/lua.md. */
void api_reference(struct str *out);

#endif
