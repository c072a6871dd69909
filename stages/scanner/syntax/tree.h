/*
 * A document of JSON, TOML or YAML as one tree of values that know their lines: lock files differ in syntax, not in kind.  A key stands
 * once in a map (twice is an error: what is meant cannot be known), looking one up takes constant time, and what a file can make the
 * tree hold is bounded.
 *
 * JSON has a reader of its own here because jansson keeps no places and the reports' walker knows only keys that are named beforehand.
 */
#ifndef STAGES_SCANNER_SYNTAX_TREE_H
#define STAGES_SCANNER_SYNTAX_TREE_H

#include "base/map.h"
#include "pipe.h"
#include "stages/scanner/syntax/text.h"
#include <stdbool.h>
#include <stdint.h>

enum { TREE_DEPTH = 200, TREE_VALUES = 6 * 1000 * 1000 };

enum tree_kind { TREE_NULL, TREE_BOOL, TREE_NUMBER, TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree_member;
struct tree_value {
	uint8_t kind;
	bool truth;		  /* of a TREE_BOOL */
	bool closed, named;	  /* while TOML is read: complete; its header was there */
	uint32_t line, end;	  /* where it begins and ends, from 1 */
	uint32_t count, capacity; /* bytes of text, items, members */
	union {
		const char *text; /* of TREE_TEXT and TREE_NUMBER: NUL-terminated, holds none */
		struct tree_value *items;
		struct tree_member *members; /* in the order of the file */
	};
	struct map *index; /* of large maps */
};
struct tree_member {
	const char *key;
	uint32_t length, line;
	struct tree_value value;
};

struct tree_source {
	const char *path; /* for errors */
	const char *bytes;
	size_t length;
};

/* PIPE_EPIPELINE (err: file, line, what is wrong), PIPE_ELIMIT, PIPE_ENOMEM.  An empty file is an error in JSON, and an empty map in TOML
 * and YAML. */
int tree_json(struct tree_value *out, const struct tree_source *source, struct arena *a, pipe_error *err);
int tree_toml(struct tree_value *out, const struct tree_source *source, struct arena *a, pipe_error *err);
int tree_yaml(struct tree_value *out, const struct tree_source *source, struct arena *a, pipe_error *err);

/* ---- looking: each takes NULL, and values of another kind, as "not there" ---- */

const struct tree_value *tree_get(const struct tree_value *map, const char *key);
const struct tree_value *tree_getn(const struct tree_value *map, const char *key, size_t length);
const struct tree_member *tree_find(const struct tree_value *map, const char *key, size_t length);
/* Members of a map, items of a list; 0 of anything else. */
uint32_t tree_members(const struct tree_value *map);
uint32_t tree_items(const struct tree_value *list);
/* The text of a value, or ""; numbers as they are written. */
const char *tree_text(const struct tree_value *value);
struct piece tree_piece(const struct tree_value *value);
const char *tree_get_text(const struct tree_value *map, const char *key);
bool tree_true(const struct tree_value *value);
struct piece tree_key(const struct tree_member *m);

/* ---- making, for the readers ---- */

/* A new member; NULL: no memory, or *twice: the key is there already. */
struct tree_value *tree_put(struct arena *a, struct tree_value *map, const char *key, uint32_t length, uint32_t line,
			    bool *twice);
struct tree_value *tree_push(struct arena *a, struct tree_value *list);
int tree_fail(const struct tree_source *source, unsigned line, enum pipe_code code, pipe_error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#endif
