/* The names of Lua 5.4 that scripts have here; those of the library's own come from the table in lua/api/api.h. */
#include "lua/syntax/type.h"

#include <string.h>

static const char *const string_names[] = { "byte", "char",	"find", "format",  "gmatch", "gsub",   "len",	"lower", "match",
					    "pack", "packsize", "rep",	"reverse", "sub",    "unpack", "upper", NULL };
static const char *const table_names[] = { "concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL };
static const char *const utf8_names[] = { "char", "charpattern", "codepoint", "codes", "len", "offset", NULL };
/* From atan2 on: of older versions, which most builds of Lua 5.4 still have. */
static const char *const math_names[] = {
	"abs",	     "acos",	   "asin", "atan",	 "ceil", "cos",	  "deg",   "exp",    "floor",	   "fmod", "huge", "log",
	"max",	     "maxinteger", "min",  "mininteger", "modf", "pi",	  "rad",   "random", "randomseed", "sin",  "sqrt", "tan",
	"tointeger", "type",	   "ult",  "atan2",	 "cosh", "frexp", "ldexp", "log10",  "pow",	   "sinh", "tanh", NULL
};
static const char *const os_names[] = { "clock", "date", "difftime", "time", NULL };
static const char *const coroutine_names[] = { "close",	 "create", "isyieldable", "resume", "running",
					       "status", "wrap",   "yield",	  NULL };
static const char *const debug_names[] = { "traceback", NULL };

static const struct {
	const char *name;
	const char *const *names;
} libraries[] = { { "string", string_names }, { "table", table_names }, { "utf8", utf8_names },		 { "math", math_names },
		  { "os", os_names },	      { "debug", debug_names }, { "coroutine", coroutine_names } };

static const char *const globals[] = { "assert", "error",   "getmetatable", "ipairs",	    "load",	"next",
				       "pairs",	 "pcall",   "print",	    "rawequal",	    "rawget",	"rawlen",
				       "rawset", "require", "select",	    "setmetatable", "tonumber", "tostring",
				       "type",	 "warn",    "xpcall",	    "_G",	    "_VERSION", NULL };

/* Of a file of tests. */
static const char *const test_globals[] = { "describe", "it", "pending", "before_each", "after_each", NULL };

const char *const *type_library(const char *name)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++)
		if (!strcmp(libraries[i].name, name))
			return libraries[i].names;
	return NULL;
}

static bool is_among(const char *const *names, const char *name, struct suggest *s)
{
	for (; *names; names++) {
		if (!strcmp(*names, name))
			return true;
		if (s)
			suggest_offer(s, *names);
	}
	return false;
}

static bool is_library(const char *name, struct type *type, struct suggest *s)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
		if (!strcmp(libraries[i].name, name)) {
			type->path = libraries[i].name;
			return true;
		}
		if (s)
			suggest_offer(s, libraries[i].name);
	}
	return false;
}

enum type_member type_global(const char *name, bool test, struct type *type, struct suggest *s)
{
	*type = TYPE_ANY;
	for (const struct api_global *g = api_globals; g->name; g++) {
		if (g->type && !strcmp(g->name, name)) {
			*type = type_of_text(g->type);
			type->path = g->name;
			return TYPE_MEMBER;
		}
		if (g->type && s)
			suggest_offer(s, g->name);
	}
	if (is_among(globals, name, s) || is_library(name, type, s) || (test && is_among(test_globals, name, s)))
		return TYPE_MEMBER;
	return TYPE_NO_MEMBER;
}

const char *type_missing(const char *name)
{
	for (const struct api_global *g = api_globals; g->name; g++)
		if (!g->type && !strcmp(g->name, name))
			return g->help;
	return NULL;
}
