/*
 * A client of OCI registries (OCI distribution spec 1.1), over libcurl: TLS, Basic and Bearer token login, credentials from docker's and
 * podman's configuration (auths, credHelpers, credsStore: helpers are run as argv, in the environment given), retries of what may be
 * repeated (429 with Retry-After, 5xx, a lost connection), resumable downloads, digests verified on the way.  Blocking; one thread at a time.
 *
 * Errors: PIPE_ENETWORK with the registry, the reference, what was asked and what the registry said (its own error codes and messages),
 * "login was refused" told from "no such image"; PIPE_ENOTFOUND: it is not there; PIPE_EPIPELINE: what came is not what its digest says.
 */
#ifndef RUNNER_OCI_REGISTRY_H
#define RUNNER_OCI_REGISTRY_H

#include "base/str.h"
#include "runner/oci/reference.h"
#include <stdatomic.h>
#include <stdint.h>

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

struct registry_options {
	const char *
		docker_config; /* directory with config.json; NULL: $DOCKER_CONFIG, $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, ~/.docker */
	const char *const *envp;     /* where those names are looked up, and what helpers get; NULL: nothing is */
	const char *user, *password; /* instead; or NULL */
	const char *ca_file;	     /* PEM; NULL: the system's, and docker's certs.d */
	bool insecure;		     /* certificates are not checked, and plain http is tried */
	bool plain_http;
	unsigned retries;   /* 0: 4 */
	int64_t timeout_ms; /* without any progress; 0: 60 s */
	const atomic_bool *cancel;
};

struct registry;
int registry_open(struct registry **out, const char *host, const struct registry_options *options, pipe_error *err);
void registry_close(struct registry *r);

struct registry_manifest {
	struct str body;  /* at most 4 MiB */
	char digest[140]; /* of the body, verified */
	char media_type[128];
};
void registry_manifest_clear(struct registry_manifest *m);
/* tag_or_digest.  Whatever kind of manifest it is. */
int registry_get_manifest(struct registry *r, const char *repository, const char *tag_or_digest, struct registry_manifest *out,
			  pipe_error *err);
/* Only its digest and size: HEAD. */
int registry_head_manifest(struct registry *r, const char *repository, const char *tag_or_digest, char *digest, size_t size,
			   uint64_t *bytes, pipe_error *err);
int registry_put_manifest(struct registry *r, const char *repository, const char *tag_or_digest, const char *media_type,
			  const void *body, size_t length, char *digest, size_t size, pipe_error *err);
/* Into a file, resumed by Range where fd holds its beginning already; the digest is verified and max_bytes kept to. */
int registry_get_blob(struct registry *r, const char *repository, const char *digest, uint64_t max_bytes, int fd,
		      pipe_error *err);
/* Nothing is sent where the registry has it. */
int registry_put_blob(struct registry *r, const char *repository, const char *digest, int fd, uint64_t length, pipe_error *err);
/* All tags, page by page. */
int registry_tags(struct registry *r, const char *repository, int (*each)(void *payload, const char *tag), void *payload,
		  pipe_error *err);
/* By digest: all tags of it go.  PIPE_EUNSUPPORTED: the registry does not allow it (405). */
int registry_delete_manifest(struct registry *r, const char *repository, const char *digest, pipe_error *err);

#endif
