/*
 * Files below a directory, and nowhere else: paths that come from archives, pipeline files and workspaces are hostile.  A path here is
 * relative and clean (path_clean), and what it names is opened by the kernel's own beneath-the-root lookup (openat2), or step
 * by step where the kernel has none.
 */
#ifndef RUNNER_BENEATH_H
#define RUNNER_BENEATH_H

#include "base/arena.h"
#include "pipe.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The path without "./", "//", leading and trailing slashes ("" is the root itself); NULL: it has a "..", or there is no memory (then
 * *nomem, which may be NULL, is set).  A leading "/" means the root, as in GitLab's include:local. */
const char *path_clean(const char *path, struct arena *a, bool *nomem);

/* Opens root itself. */
int root_open(const char *root, int *fd, pipe_error *err);
/* As openat, following no symbolic link anywhere (errno ELOOP).  -1 and errno. */
int beneath_open(int root, const char *path, int flags, mode_t mode);
/* As openat, following links as long as they stay below root (errno EXDEV: one does not). */
int beneath_open_follow(int root, const char *path, int flags);
/* The directory that holds the last part of path, and that part in *name; made where missing when `make`. */
int beneath_parent(int root, const char *path, bool make, const char **name);

/* A whole regular file, NUL-terminated; the fd stays open.  what: for messages.  PIPE_ELIMIT: more than max bytes. */
int fd_read_all(int fd, const char *what, uint64_t max, struct arena *a, const char **text, size_t *length, pipe_error *err);
/* All of it, or -1 and errno. */
int fd_write_all(int fd, const void *bytes, size_t length);

#endif
