/* Which of a repository's references a request means. */
#ifndef RUNNER_GIT_VERSION_H
#define RUNNER_GIT_VERSION_H

#include <stdbool.h>
#include <stddef.h>

/* ref as in struct git_remote_request, but no SHA; names: full ones ("refs/tags/1.2.0", "HEAD").  The index, or -1. */
long git_version_choose(const char *const *names, size_t count, const char *ref);

#endif
