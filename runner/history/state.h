/*
 * The state directory (`.pipe/`): its making, paths inside it, and the removal of what lies there.  Its layout is described in
 * runner/store/store.h.
 */
#ifndef RUNNER_STATE_H
#define RUNNER_STATE_H

#include "pipe.h"
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Makes the directory and its parents.  A new one gets a .gitignore that hides it from Git. */
int state_make(const char *directory, pipe_error *err);
/* Makes one directory below it ("lock", "runs/7"): the parent must be there.  One that is there already is fine. */
int state_make_below(const char *directory, const char *name, pipe_error *err);
/* "<directory>/<what format says>" into out (PATH_MAX bytes). */
int state_path(char *out, pipe_error *err, const char *directory, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Is this path, relative to the state directory, one that stays inside (no leading slash, no "..", not empty)? */
bool state_path_is_inside(const char *path);

/* Removes a directory and all that is in it, or a file, without following links; name is relative to the directory at.  Any depth
 * with three descriptors.  *bytes grows by the sizes of the files.  What is not there is no error. */
int tree_remove(int at, const char *name, uint64_t *bytes, pipe_error *err);
/* The sizes of the files in a directory, added up; what cannot be read or lies deeper than 32 directories is not counted. */
uint64_t tree_bytes(int at, const char *name);

#endif
