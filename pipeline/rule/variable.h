/*
 * Variables: lists of them, layers of lists (a later layer wins), and late, recursive expansion.
 * `$NAME` and `${NAME}` are replaced, `$$` is a literal `$`, unknown names become nothing, a cycle is cut (the inner use is
 * nothing), `expand: false` keeps a value as it is.  In `rules:if` only `$NAME` means a variable.
 */
#ifndef PIPELINE_VARIABLE_H
#define PIPELINE_VARIABLE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/mark.h"
#include "base/str.h"
#include "base/vec.h"
#include <stdbool.h>

struct variable {
	const char *name, *value; /* value as written, not expanded */
	struct mark at;
	bool raw;    /* expand: false, or a value that is final (predefined, dotenv) */
	bool masked; /* never shown: log, events, store */
	bool file;   /* the script finds the value in a file, whose path is in the variable */
};

/* A list by name: a name stands in it once.  Fill it with variables_set(); what else is pushed into `list` is found as well, slower. */
struct variables {
	VEC(struct variable) list;
	struct map *index; /* of long lists: name -> position + 1; a hint, checked at each use */
};

/* Adds or replaces (by name); strings are borrowed. */
bool variables_set(struct variables *v, struct arena *a, struct variable one);
const struct variable *variables_get(const struct variables *v, const char *name);
void variables_unset(struct variables *v, const char *name);

enum { SCOPE_LAYERS = 11 };

/* A view on layers; the last one pushed wins.  Cheap to copy and to extend. */
struct scope {
	const struct variables *layers[SCOPE_LAYERS];
	unsigned count;
	const char *const *unset; /* names that are nowhere, NULL-terminated; or NULL */
};

void scope_push(struct scope *s, const struct variables *layer); /* NULL: nothing happens */
const struct variable *scope_find(const struct scope *s, const char *name, size_t length);
/* The expanded value; NULL: no such variable.  Allocated in a, or borrowed when there is nothing to expand.  *failed (may be NULL)
 * is set when memory or LIMIT_VALUE_BYTES ended. */
const char *scope_value(const struct scope *s, const char *name, struct arena *a, bool *failed);
/* The expanded value of one that scope_find has found. */
const char *scope_value_of(const struct scope *s, const struct variable *v, struct arena *a, bool *failed);
/* Text with its variables replaced; NULL only when memory or LIMIT_VALUE_BYTES ended. */
const char *scope_expand(const struct scope *s, const char *text, struct arena *a, bool *failed);
/* The same as scope_expand for the names in one text: each name used and not defined anywhere is handed to `unknown`. */
void scope_undefined(const struct scope *s, const char *text, void (*unknown)(void *context, const char *name, size_t length),
		     void *context);
/* Every variable of the scope once, the winner of each name, with its expanded value, in the order of first appearance. */
bool scope_all(const struct scope *s, struct arena *a, struct variables *out);

#endif
