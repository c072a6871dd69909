/* Bringing what a ref of another repository means into the cache: the part that talks to the network. */
#ifndef RUNNER_GIT_FETCH_H
#define RUNNER_GIT_FETCH_H

#include "runner/git/git.h"
#include "runner/git/git_library.h"

enum { GIT_FETCH_NAME = 256 };

/* HEAD of a remote is kept under this name. */
#define GIT_FETCH_HEAD "refs/pipe/HEAD"

/* Fetches into the bare repository at directory (made when missing).  name: the full local name of the ref ("" for a SHA).  Blocking, but not
 * much beyond the timeout, whatever the server does. */
int git_fetch(const char *directory, const struct git_remote_request *request, char name[GIT_FETCH_NAME], pipe_error *err);
/* 40 hex digits. */
bool git_is_sha(const char *ref);

#endif
