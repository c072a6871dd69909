/*
 * A document: YAML as a tree of nodes that remember their places.  libyaml's events become nodes in one pass, in the load's
 * arena.  Nodes are immutable once composed: what merges (include, extends, default) makes new maps that share children, so an
 * alias or an inherited list is one node seen from many places, and each part still knows where it was written.
 *
 * This is the one room that says `yaml_`.  (node_* functions are in node.c.)
 */
#ifndef PIPELINE_DOCUMENT_H
#define PIPELINE_DOCUMENT_H

#include "base/arena.h"
#include "base/mark.h"
#include "pipeline/document/diagnostic.h"
#include "pipeline/limits.h"
#include <stdbool.h>
#include <stdint.h>

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_style { STYLE_PLAIN, STYLE_QUOTED, STYLE_BLOCK }; /* of scalars; only plain ones can be other than text */
enum node_tag {
	TAG_NONE,
	TAG_REFERENCE, /* !reference [a, b] */
	TAG_TEXT,      /* !!str */
	TAG_LOST,      /* what stands for something that could not be understood, and that was reported */
	TAG_OTHER      /* any other local tag; kept, and refused where it stands */
};

/* What a scalar is, by YAML 1.1 as GitLab reads it (`yes` and `on` are booleans where a boolean is wanted). */
enum scalar_type { SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT, SCALAR_TEXT };

/* A flag of a document's root: one of its plain, quoted or block texts is "extends", wherever it stands. */
enum { NODE_SAYS_EXTENDS = 2 };

struct node {
	uint8_t kind, style, tag, flags;
	uint32_t count; /* bytes of text, items of a list, pairs of a map */
	struct mark at;
	union {
		const char *text; /* NUL-terminated */
		struct node **items;
		struct pair *pairs; /* in the order of the file; a key stands once (the last one wins, with a warning) */
	};
};
struct pair {
	struct node *key; /* always a scalar */
	struct node *value;
};

/* All documents of a text (a `spec:` header is a document of its own).  Reports what is wrong and returns the number of documents
 * read (at most `max`), or -1 when the text is not YAML at all or a limit was reached.  The source's text must be in `sources`
 * already.  Refuses NUL bytes, invalid UTF-8, nesting and alias expansion beyond the limits, cyclic anchors. */
int document_parse(struct node **out, int max, struct arena *a, uint16_t source, const pipe_limits *limits,
		   struct diagnostics *d);

/* ---- looking at nodes ---- */

/* The value of a key, or NULL. */
struct node *node_get(const struct node *map, const char *key);
struct node *node_getn(const struct node *map, const char *key, size_t length);
struct pair *node_pair(const struct node *map, const char *key);
enum scalar_type node_type(const struct node *scalar);
/* NULL node, or a scalar that says null, ~ or nothing. */
bool node_is_null(const struct node *n);
/* A scalar that is not null. */
bool node_is_text(const struct node *n);
bool node_equals(const struct node *scalar, const char *text);
/* true yes on / false no off, in YAML 1.1's spellings; false when it is not a boolean. */
bool node_bool(const struct node *scalar, bool *value);
/* Decimal, 0x, 0o and leading-0 octal, underscores; false when it is not an integer that fits. */
bool node_int(const struct node *scalar, int64_t *value);
/* The text that a scalar stands for as the value of a variable or in a string: plain numbers in their shortest form
 * ("1.50" is 1.5, null is ""), everything else as written. */
const char *node_value(const struct node *scalar, struct arena *a);
/* "a list", "a map", "a number", "text", "true or false", "nothing": for messages. */
const char *node_describe(const struct node *n);

/* ---- making nodes ---- */

struct node *node_scalar(struct arena *a, struct mark at, const char *text, size_t length);
struct node *node_list(struct arena *a, struct mark at, uint32_t count);
/* A map with room for `capacity` pairs and none in it. */
struct node *node_map(struct arena *a, struct mark at, uint32_t capacity);
/* Adds or replaces; grows by copying.  Only on a map that nobody else sees yet. */
bool node_set(struct node *map, struct arena *a, struct node *key, struct node *value);
/* The same for a key that is known not to be there: without looking. */
bool node_add(struct node *map, struct arena *a, struct node *key, struct node *value);
/* `over` on top of `under`: maps are merged deeply, everything else of `over` replaces.  Shares what it does not change; returns
 * one of the two where that is the answer.  NULL: no memory. */
struct node *node_merge(struct arena *a, struct node *under, struct node *over);

/* Writes the node as YAML (block style), for a run's kept definition and for `pipe explain`.  With `places`, each key of the first
 * two levels is followed by a comment that says where it came from. */
void node_write(const struct node *n, const struct sources *places, struct str *out);

#endif
