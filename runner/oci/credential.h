/*
 * Who we are to a registry: docker's config.json and podman's auth.json, and the helpers that they name (docker-credential-NAME, which
 * are run without a shell).  https://docs.docker.com/reference/cli/docker/login/, containers-auth.json(5)
 */
#ifndef RUNNER_OCI_CREDENTIAL_H
#define RUNNER_OCI_CREDENTIAL_H

#include "base/arena.h"
#include "base/str.h"
#include "runner/oci/registry.h"

/* Texts in the arena; all NULL but `source`: nothing was found, and source says where it was looked for. */
struct credential {
	const char *user, *password;
	const char *identity_token; /* to be exchanged for a token (OAuth 2, refresh_token) */
	const char *registry_token; /* is a token itself */
	const char *source;
};

/* The most specific entry for the repository: of options, else of the first file that has one.  PIPE_EUSAGE: a file or a helper cannot be
 * used, and why; never with a secret in it. */
int credential_find(const struct registry_options *options, const char *host, const char *repository, struct arena *a,
		    struct credential *out, pipe_error *err);

/* `docker-credential-NAME get` for a server: what it answers, which has secrets in it.  PIPE_ENOTFOUND: it knows none;
 * PIPE_EUSAGE: it is not there, failed, or did not answer in time. */
int credential_helper_get(const char *name, const char *server, const char *const *envp, const atomic_bool *cancel,
			  struct str *out, pipe_error *err);

/* The value of a variable; NULL: there is none.  envp may be NULL. */
const char *credential_variable(const char *const *envp, const char *name);

#endif
