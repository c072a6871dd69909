/*
 * The keyword table: one row describes a keyword, and everything that knows keywords is driven by it: the decoder, lint, schema,
 * explain and docs/reference/.  A keyword is added in one place.
 */
#ifndef PIPELINE_KEYWORD_H
#define PIPELINE_KEYWORD_H

#include "base/str.h"
#include "pipeline/document.h"
#include <stdbool.h>
#include <stdint.h>

/* Where a keyword may stand. */
enum keyword_scope {
	IN_GLOBAL = 1 << 0,
	IN_DEFAULT = 1 << 1,
	IN_JOB = 1 << 2,
	IN_WORKFLOW = 1 << 3,
	IN_NESTED = 1 << 4 /* below another keyword */
};

/* What values it takes; several bits: any of them. */
enum keyword_shape {
	TAKES_TEXT = 1 << 0,
	TAKES_BOOL = 1 << 1,
	TAKES_INT = 1 << 2,
	TAKES_DURATION = 1 << 3,
	TAKES_ENUM = 1 << 4,      /* one of `values` */
	TAKES_LIST = 1 << 5,      /* a list whose items are as `items` says */
	TAKES_MAP = 1 << 6,       /* a map whose keys are `fields` */
	TAKES_VARIABLES = 1 << 7, /* a map of free names */
	TAKES_SCRIPT = 1 << 8,    /* text, or lists of text nested up to LIMIT_SCRIPT_DEPTH */
	TAKES_ANY = 1 << 9,       /* not looked into here */
	TAKES_NULL = 1 << 10      /* an explicit null switches it off */
};

/* What becomes of it in a run on this machine. */
enum keyword_fate {
	HONOURED,
	LATER,       /* has a meaning that the local executor does not honour: a run says so once, --strict refuses */
	MEANINGLESS  /* can have no meaning off GitLab: accepted with a warning that says so */
};

struct keyword {
	const char *name;
	unsigned where;              /* keyword_scope bits */
	unsigned shape;              /* keyword_shape bits */
	const char *const *values;   /* TAKES_ENUM: NULL-terminated */
	unsigned items;              /* TAKES_LIST: the items' shape */
	const struct keyword *fields; /* TAKES_MAP (also of a list's items): rows below, ended by a row without a name; NULL: free keys */
	enum keyword_fate fate;
	const char *fallback;        /* the default, in words; or NULL */
	const char *help;            /* one line */
	const char *example;         /* a line or two of YAML; or NULL */
	const char *since;           /* version of pipe */
};

/* All keywords of the top level, of `default` and of jobs, ended by a row without a name. */
extern const struct keyword keywords[];

/* NULL: there is none that may stand there. */
const struct keyword *keyword_find(const struct keyword *rows, unsigned where, const char *name, size_t length);
/* By path: "artifacts", "artifacts:paths", "workflow:rules". */
const struct keyword *keyword_by_path(const char *path);

/* Checks a value against its row and everything below it: shapes, unknown keys (with the nearest name), enum values. */
bool keyword_check(const struct keyword *k, const struct node *value, struct diagnostics *d);

/* The JSON Schema (draft 2020-12 wording, draft-07 compatible), the reference page, one keyword's help. */
void keyword_schema(struct str *out);
void keyword_reference(struct str *out);
bool keyword_explain(const char *path, bool colour, struct str *out);

#endif
