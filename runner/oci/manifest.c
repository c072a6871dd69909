/* Manifests: got, looked for, put, deleted.  What is handed out has the digest that was asked for, or that it says it has. */
#include "base/error.h"
#include "runner/files/digest.h"
#include "runner/oci/client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whatever kind it is: we name those that we know, first what is meant by them today. */
static const char accept_all[] = "Accept: " OCI_MANIFEST ", " OCI_INDEX ", " DOCKER_MANIFEST ", " DOCKER_LIST;

void registry_manifest_clear(struct registry_manifest *m)
{
	str_clear(&m->body);
	m->digest[0] = m->media_type[0] = '\0';
}

/* "manifests/TAG" on its way. */
static int call(struct registry *r, struct registry_call *c, struct exchange_reply *reply, pipe_error *err)
{
	char path[200];

	snprintf(path, sizeof(path), "manifests/%s", c->reference);
	c->path = path;
	return registry_call(r, c, reply, err);
}

static int digest_of(const void *bytes, size_t length, const char *like, char *out, size_t size, pipe_error *err)
{
	char algorithm[16], hex[DIGEST_TEXT];
	struct digest *d;
	int rc = digest_create(&d, registry_algorithm(like, algorithm), err);

	if (rc)
		return rc;
	digest_add(d, bytes, length);
	rc = digest_hex(d, hex, err);
	digest_free(d);
	if (rc == PIPE_OK && (size_t)snprintf(out, size, "%s:%s", algorithm, hex) >= size)
		rc = error_set(err, PIPE_EUSAGE, "a digest needs more than %zu bytes", size);
	return rc;
}

/* ---- get ---- */

static void read_type(const struct exchange_reply *reply, char *out, size_t size)
{
	json_t *value = NULL;
	const char *inside;

	registry_header(reply, "Content-Type", out, size);
	out[strcspn(out, "; \t")] = '\0';
	if (*out && strcmp(out, "application/json") != 0 && strcmp(out, "text/plain") != 0)
		return;
	value = json_loadb(reply->body.data, reply->body.length, 0, NULL);
	inside = json_string_value(json_object_get(value, "mediaType"));
	if (inside)
		snprintf(out, size, "%s", inside);
	json_decref(value);
}

/* The digest that it must have: the one asked for, else the one that the registry names, else any. */
static int check(struct registry *r, struct registry_call *c, const struct exchange_reply *reply, struct registry_manifest *out,
		 pipe_error *err)
{
	bool by_digest = oci_digest_valid(c->reference);
	char wanted[140] = "";
	int rc;

	if (by_digest)
		snprintf(wanted, sizeof(wanted), "%s", c->reference);
	else if (registry_header(reply, "Docker-Content-Digest", wanted, sizeof(wanted)) && !oci_digest_valid(wanted))
		return registry_failed(r, c, PIPE_EPIPELINE, err, "the registry names a digest that is none");
	rc = digest_of(reply->body.data, reply->body.length, *wanted ? wanted : "sha256:", out->digest, sizeof(out->digest), err);
	if (rc == PIPE_OK && *wanted && strcmp(wanted, out->digest) != 0)
		rc = registry_failed(r, c, PIPE_EPIPELINE, err, "what came is %.20s..., and not %.20s...", out->digest, wanted);
	return rc;
}

int registry_get_manifest(struct registry *r, const char *repository, const char *tag_or_digest, struct registry_manifest *out,
			  pipe_error *err)
{
	const char *const headers[] = { accept_all, NULL };
	struct registry_call c = { .what = "get the manifest",
				   .repository = repository,
				   .reference = tag_or_digest,
				   .actions = "pull",
				   .method = "GET",
				   .headers = headers,
				   .max_bytes = REGISTRY_MANIFEST_MAX };
	struct exchange_reply reply;
	int rc = registry_check_names(repository, tag_or_digest, err);

	memset(out, 0, sizeof(*out));
	str_init(&out->body);
	if (rc)
		return rc;
	exchange_reply_init(&reply);
	rc = call(r, &c, &reply, err);
	if (rc == PIPE_OK && reply.status != 200)
		rc = registry_refused(r, &c, &reply, err);
	if (rc == PIPE_OK)
		rc = check(r, &c, &reply, out, err);
	if (rc == PIPE_OK) {
		read_type(&reply, out->media_type, sizeof(out->media_type));
		out->body = reply.body;
		out->body.limit = 0;
		str_init(&reply.body);
	}
	exchange_reply_clear(&reply);
	return rc;
}

/* ---- head ---- */

/* A registry that names no digest in its headers is asked for the whole. */
static int head_by_get(struct registry *r, const struct registry_call *c, char *digest, size_t size, uint64_t *bytes,
		       pipe_error *err)
{
	struct registry_manifest m;
	int rc = registry_get_manifest(r, c->repository, c->reference, &m, err);

	if (rc)
		return rc;
	*bytes = m.body.length;
	if ((size_t)snprintf(digest, size, "%s", m.digest) >= size)
		rc = error_set(err, PIPE_EUSAGE, "a digest needs more than %zu bytes", size);
	registry_manifest_clear(&m);
	return rc;
}

int registry_head_manifest(struct registry *r, const char *repository, const char *tag_or_digest, char *digest, size_t size,
			   uint64_t *bytes, pipe_error *err)
{
	const char *const headers[] = { accept_all, NULL };
	struct registry_call c = { .what = "look up the manifest",
				   .repository = repository,
				   .reference = tag_or_digest,
				   .actions = "pull",
				   .method = "HEAD",
				   .headers = headers };
	struct exchange_reply reply;
	char text[32];
	int rc = registry_check_names(repository, tag_or_digest, err);

	if (rc)
		return rc;
	exchange_reply_init(&reply);
	rc = call(r, &c, &reply, err);
	if (rc == PIPE_OK && reply.status != 200 && reply.status != 405)
		rc = registry_refused(r, &c, &reply, err);
	if (rc == PIPE_OK) {
		*bytes = registry_header(&reply, "Content-Length", text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
		registry_header(&reply, "Docker-Content-Digest", digest, size);
		if (reply.status != 200 || !oci_digest_valid(digest) || !*bytes)
			rc = head_by_get(r, &c, digest, size, bytes, err);
		else if (oci_digest_valid(tag_or_digest) && strcmp(tag_or_digest, digest) != 0)
			rc = registry_failed(r, &c, PIPE_EPIPELINE, err, "the registry has %.20s... in its place", digest);
	}
	exchange_reply_clear(&reply);
	return rc;
}

/* ---- put and delete ---- */

int registry_put_manifest(struct registry *r, const char *repository, const char *tag_or_digest, const char *media_type,
			  const void *body, size_t length, char *digest, size_t size, pipe_error *err)
{
	struct registry_call c = { .what = "put the manifest",
				   .repository = repository,
				   .reference = tag_or_digest,
				   .actions = "pull,push",
				   .method = "PUT",
				   .content_type = media_type,
				   .body = body,
				   .length = length,
				   .max_bytes = REGISTRY_JSON_MAX };
	bool by_digest = oci_digest_valid(tag_or_digest);
	struct exchange_reply reply;
	char named[140];
	int rc = registry_check_names(repository, tag_or_digest, err);

	if (rc == PIPE_OK)
		rc = digest_of(body, length, by_digest ? tag_or_digest : "sha256:", digest, size, err);
	if (rc)
		return rc;
	if (by_digest && strcmp(tag_or_digest, digest) != 0)
		return registry_failed(r, &c, PIPE_EUSAGE, err, "its digest is %.20s...", digest);
	exchange_reply_init(&reply);
	rc = call(r, &c, &reply, err);
	if (rc == PIPE_OK && reply.status / 100 != 2)
		rc = registry_refused(r, &c, &reply, err);
	if (rc == PIPE_OK && registry_header(&reply, "Docker-Content-Digest", named, sizeof(named)) && strcmp(named, digest) != 0)
		rc = registry_failed(r, &c, PIPE_EPIPELINE, err, "the registry has stored it as %.20s..., and not as %.20s...",
				     named, digest);
	exchange_reply_clear(&reply);
	return rc;
}

int registry_delete_manifest(struct registry *r, const char *repository, const char *digest, pipe_error *err)
{
	struct registry_call c = { .what = "delete the manifest",
				   .repository = repository,
				   .reference = digest,
				   .actions = "delete",
				   .method = "DELETE",
				   .max_bytes = REGISTRY_JSON_MAX };
	struct exchange_reply reply;
	int rc = registry_check_names(repository, digest, err);

	if (rc)
		return rc;
	if (!oci_digest_valid(digest))
		return registry_failed(r, &c, PIPE_EUSAGE, err, "only a digest says what is to be deleted");
	exchange_reply_init(&reply);
	rc = call(r, &c, &reply, err);
	if (rc == PIPE_OK && reply.status / 100 != 2)
		rc = registry_refused(r, &c, &reply, err);
	if (rc == PIPE_ENETWORK && reply.status == 400 && strstr(reply.body.data, "UNSUPPORTED"))
		rc = registry_failed(r, &c, PIPE_EUNSUPPORTED, err, "the registry does not allow it");
	exchange_reply_clear(&reply);
	return rc;
}
