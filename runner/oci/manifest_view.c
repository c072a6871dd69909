/* JSON into a struct; digests are looked at, since they go into addresses. */
#include "runner/oci/manifest_view.h"

#include "base/error.h"
#include "stages/scanner/advisory/text.h"

#include <jansson.h>
#include <string.h>

enum { BLOBS_MAX = 10000 };

static bool take_blob(const json_t *value, struct arena *a, struct manifest_blob *out)
{
	const char *os = json_string_value(json_object_get(json_object_get(value, "platform"), "os"));
	json_int_t size = json_integer_value(json_object_get(value, "size"));

	out->digest = advisory_text(a, json_object_get(value, "digest"));
	out->media_type = advisory_text(a, json_object_get(value, "mediaType"));
	if (!out->digest || !out->media_type)
		return false;
	out->bytes = size > 0 ? (uint64_t)size : 0;
	out->index = !strcmp(out->media_type, OCI_INDEX) || !strcmp(out->media_type, DOCKER_LIST);
	out->attestation = os && !strcmp(os, "unknown");
	return true;
}

static int take_blobs(const json_t *list, const char *what, struct arena *a, manifest_blobs *out, pipe_error *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct manifest_blob *b = i < BLOBS_MAX ? vec_push(a, out) : NULL;
		if (i >= BLOBS_MAX)
			return error_set(err, PIPE_ELIMIT, "the manifest has more than %d %s", BLOBS_MAX, what);
		if (!b || !take_blob(json_array_get(list, i), a, b))
			return error_nomem(err);
		if (!oci_digest_valid(b->digest))
			return error_set(err, PIPE_EPIPELINE, "the manifest has one of its %s without a digest", what);
	}
	return PIPE_OK;
}

static int take_image(const json_t *value, struct arena *a, struct manifest_view *out, pipe_error *err)
{
	const json_t *config = json_object_get(value, "config");

	if (config && !take_blob(config, a, &out->config))
		return error_nomem(err);
	if (config && !oci_digest_valid(out->config.digest))
		return error_set(err, PIPE_EPIPELINE, "the manifest has a config without a digest");
	return take_blobs(json_object_get(value, "layers"), "layers", a, &out->layers, err);
}

static int take(const json_t *value, struct arena *a, struct manifest_view *out, pipe_error *err)
{
	const json_t *parts = json_object_get(value, "manifests");

	if (!parts && !json_object_get(value, "layers") && !json_object_get(value, "config"))
		return error_set(err, PIPE_EPIPELINE, "it is the manifest of neither an image nor an index");
	out->subject = advisory_text(a, json_object_get(json_object_get(value, "subject"), "digest"));
	out->created = advisory_text(a,
				     json_object_get(json_object_get(value, "annotations"), "org.opencontainers.image.created"));
	if (!out->subject || !out->created)
		return error_nomem(err);
	out->index = parts != NULL;
	return parts ? take_blobs(parts, "parts", a, &out->parts, err) : take_image(value, a, out, err);
}

int manifest_view(const struct registry_manifest *m, struct arena *a, struct manifest_view *out, pipe_error *err)
{
	json_t *value;
	int rc = advisory_json(m->body.data, m->body.length, "the manifest", &value, err);

	memset(out, 0, sizeof(*out));
	out->config.digest = out->config.media_type = out->subject = out->created = "";
	if (rc)
		return rc;
	rc = take(value, a, out, err);
	json_decref(value);
	return rc;
}

bool manifest_bytes(const struct manifest_view *v, uint64_t *bytes)
{
	*bytes = v->config.bytes;
	for (uint32_t i = 0; i < v->layers.count; i++)
		if (__builtin_add_overflow(*bytes, v->layers.items[i].bytes, bytes))
			return false;
	return true;
}
