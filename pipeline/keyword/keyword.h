/*
 * The keyword table: one row describes a keyword, and everything that knows keywords is driven by it: the decoder, lint, schema,
 * explain and docs/reference/.  A keyword is added in one place.
 */
#ifndef PIPELINE_KEYWORD_H
#define PIPELINE_KEYWORD_H

#include "base/str.h"
#include "pipeline/document/document.h"
#include <stdbool.h>
#include <stdint.h>

/* Where a keyword may stand. */
enum keyword_scope {
	IN_GLOBAL = 1 << 0,
	IN_DEFAULT = 1 << 1,
	IN_JOB = 1 << 2,
	IN_NESTED = 1 << 3 /* below another keyword */
};

/* What values it takes; several bits: any of them. */
enum keyword_shape {
	TAKES_TEXT = 1 << 0,
	TAKES_BOOL = 1 << 1,
	TAKES_INT = 1 << 2,
	TAKES_DURATION = 1 << 3,
	TAKES_ENUM = 1 << 4,	  /* one of `values` */
	TAKES_LIST = 1 << 5,	  /* a list whose items are as `items` says */
	TAKES_MAP = 1 << 6,	  /* a map whose keys are `fields` */
	TAKES_VARIABLES = 1 << 7, /* a map of free names */
	TAKES_SCRIPT = 1 << 8,	  /* text, or lists of text nested up to LIMIT_SCRIPT_DEPTH */
	TAKES_ANY = 1 << 9,	  /* not looked into here */
	TAKES_EXPANDED =
		1 << 10,	/* beside TAKES_ENUM or TAKES_DURATION: also text with a `$` in it, judged when it is expanded */
	TAKES_NAMED = 1 << 11,	/* a map of free names to values as `items` (and `fields`) say */
	TAKES_AXES = 1 << 12,	/* a map of free names to a scalar or a list of scalars: a row of a matrix */
	TAKES_SCALAR = 1 << 13, /* text, a number or a boolean, which all count as text */
	/* Lua: a text, the path of a file (a word that ends in ".lua"), or a map with `lua` or `file` and what `fields` say. */
	TAKES_LUA = 1 << 14,
	TAKES_SIZE = 1 << 15 /* bytes: a number with or without a unit, "64 MiB" */
};
/* A null is as if the keyword were not written, wherever it stands.  A list may hold lists: they are flattened, up to
 * LIMIT_SCRIPT_DEPTH deep, since that is what !reference and anchors make. */

/* What becomes of it in a run on this machine. */
enum keyword_fate {
	HONOURED,
	LATER,	    /* has a meaning that the local executor does not honour: a run says so once, --strict refuses */
	MEANINGLESS /* can have no meaning off GitLab: accepted with a warning that says so */
};

/* Rows of the main table that the decoder has a function for. */
enum keyword_id {
	KEYWORD_NONE,
	KEYWORD_AFTER_SCRIPT,
	KEYWORD_ALLOW_FAILURE,
	KEYWORD_ARTIFACTS,
	KEYWORD_BEFORE_SCRIPT,
	KEYWORD_CACHE,
	KEYWORD_COVERAGE,
	KEYWORD_DEPENDENCIES,
	KEYWORD_ENVIRONMENT,
	KEYWORD_EXCEPT,
	KEYWORD_HOOKS,
	KEYWORD_IMAGE,
	KEYWORD_INHERIT,
	KEYWORD_INTERRUPTIBLE,
	KEYWORD_MANUAL_CONFIRMATION,
	KEYWORD_NEEDS,
	KEYWORD_ONLY,
	KEYWORD_PARALLEL,
	KEYWORD_RESOURCE_GROUP,
	KEYWORD_RETRY,
	KEYWORD_RULES,
	KEYWORD_RUN,
	KEYWORD_SCRIPT,
	KEYWORD_SERVICES,
	KEYWORD_SHELL,
	KEYWORD_STAGE,
	KEYWORD_START_IN,
	KEYWORD_TAGS,
	KEYWORD_TIMEOUT,
	KEYWORD_TRIGGER,
	KEYWORD_USES,
	KEYWORD_VARIABLES,
	KEYWORD_WHEN,
	KEYWORD_WITH,
	KEYWORD_COUNT
};

struct keyword {
	const char *name;
	enum keyword_id id; /* KEYWORD_NONE: checked, and nothing else */
	unsigned where;	    /* keyword_scope bits */
	unsigned shape;	    /* keyword_shape bits */
	int least, most;    /* TAKES_INT: its range; TAKES_LIST: the number of items; most 0: no upper bound; both 0: any */
	const char *const *values; /* TAKES_ENUM: NULL-terminated */
	unsigned items;		   /* TAKES_LIST: the items' shape */
	const struct keyword
		*fields; /* TAKES_MAP (also of a list's items): rows below, ended by a row without a name; NULL: free keys */
	bool required;	 /* the map that it stands in must have it */
	bool shell;	 /* a text of it is a shell's, which has variables of its own */
	enum keyword_fate fate;
	const char *fallback; /* the default, in words; or NULL */
	const char *help;     /* one line */
	const char *example;  /* a line or two of YAML; or NULL */
	const char *since;    /* version of pipe */
};

/* All keywords of the top level, of `default` and of jobs, sorted by name, ended by a row without a name. */
extern const struct keyword keywords[];

/* `lua` and `file`, below every row that TAKES_LUA. */
extern const struct keyword fields_lua_text[];
static inline bool keyword_takes_lua(const struct keyword *k)
{
	return (k->shape | k->items) & TAKES_LUA;
}

/* NULL: there is none that may stand there. */
const struct keyword *keyword_find(const struct keyword *rows, unsigned where, const char *name, size_t length);
/* The nearest name among the rows that may stand there, or NULL. */
const char *keyword_nearest(const struct keyword *rows, unsigned where, const char *name);
/* Below a row: among its fields, and `lua` and `file` of one that TAKES_LUA.  NULL: there is none. */
const struct keyword *keyword_below(const struct keyword *k, unsigned where, const char *name, size_t length);
/* By path: "artifacts", "artifacts:paths", "workflow:rules". */
const struct keyword *keyword_by_path(const char *path);

/* Keywords that a value uses and that a run here does not honour (LATER), for the run's one warning. */
enum { KEYWORD_LATER_MOST = 8 };
struct keyword_uses {
	unsigned count;
	struct keyword_use {
		const struct keyword *outer, *row; /* outer NULL: the keyword itself */
	} list[KEYWORD_LATER_MOST];
};

/* Checks a value against its row and everything below it: shapes, unknown keys (with the nearest name), enum values, durations.
 * Reports each fault once, and what is MEANINGLESS as a warning.  uses (may be NULL) is added to. */
bool keyword_check(const struct keyword *k, const struct node *value, struct diagnostics *d, struct keyword_uses *uses);
/* A row that is MEANINGLESS or LATER by itself: warned of at its key, or added to uses. */
void keyword_fate_check(const struct keyword *outer, const struct keyword *k, const struct node *key, struct diagnostics *d,
			struct keyword_uses *uses);
/* What a keyword takes, in words: "text, a list of text or a map". */
void keyword_shape_words(const struct keyword *k, struct str *out);

/* The JSON Schema (draft 2020-12 wording, draft-07 compatible), the reference page, the help of one keyword, of a type of stage or of
 * one of its parameters: where a name is several of them, of all.  types may be NULL. */
struct uses_types;
void keyword_schema(const struct uses_types *types, struct str *out);
void keyword_reference(struct str *out);
bool keyword_explain(const char *path, const struct uses_types *types, bool colour, struct str *out);

#endif
