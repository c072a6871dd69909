/* Who we are to a Git server that wants a name and a password: what Git itself would say. */
#ifndef RUNNER_GIT_LOGIN_H
#define RUNNER_GIT_LOGIN_H

#include "base/arena.h"
#include "pipe.h"

#include <stdatomic.h>
#include <stdint.h>

struct git_login_request {
	const char *url;	   /* of the repository, without credentials */
	const char *login;	   /* what the user wrote before its host, "user" or "user:word", percent-encoded; "" nothing */
	const char *directory;	   /* the repository whose configuration counts, beside the user's own and the system's */
	uint32_t timeout_ms;	   /* of a helper */
	const atomic_bool *cancel; /* may be NULL */
};

/* Secrets, in the arena. */
struct git_login {
	const char *user, *password;
};

/* `git credential fill` without a prompt (gitcredentials(7), git-credential(1)).  Blocking.  PIPE_ENOTFOUND: Git is not there, or knows
 * no login, and what to do; PIPE_ENETWORK: a helper did not answer in time. */
int git_login_ask(const struct git_login_request *r, struct arena *a, struct git_login *out, pipe_error *err);

#endif
