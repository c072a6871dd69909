#include "stages/image/image.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>

/* https://github.com/opencontainers/image-spec: descriptors in index.json and in a manifest. */

enum { DIGEST_HEX = 64 };

static json_t *load(const char *text, const char *what, pipe_error *err)
{
	json_error_t why;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);

	if (!root)
		error_set(err, PIPE_EPIPELINE, "%s of the image is damaged: line %d: %s", what, why.line, why.text);
	return root;
}

static bool is_digest(const char *text)
{
	return text && !strncmp(text, "sha256:", 7) && strspn(text + 7, "0123456789abcdef") == DIGEST_HEX &&
	       !text[7 + DIGEST_HEX];
}

int image_layout_digest(struct arena *a, const char *index, const char **digest, pipe_error *err)
{
	json_t *root = load(index, "index.json", err), *list;
	const char *text;
	int rc = PIPE_OK;

	*digest = NULL;
	if (!root)
		return PIPE_EPIPELINE;
	list = json_object_get(root, "manifests");
	text = json_string_value(json_object_get(json_array_get(list, 0), "digest"));
	if (json_array_size(list) != 1 || !is_digest(text))
		rc = error_set(err, PIPE_EPIPELINE, "index.json of the image does not name one manifest by its digest");
	else if (!(*digest = arena_strdup(a, text)))
		rc = error_nomem(err);
	json_decref(root);
	return rc;
}

static bool add_size(const json_t *descriptor, uint64_t *bytes)
{
	json_int_t size = json_integer_value(json_object_get(descriptor, "size"));

	return size >= 0 && !__builtin_add_overflow(*bytes, (uint64_t)size, bytes);
}

int image_layout_bytes(const char *manifest, uint64_t *bytes, pipe_error *err)
{
	json_t *root = load(manifest, "the manifest", err), *layers, *one;
	size_t k;
	bool sound;

	*bytes = 0;
	if (!root)
		return PIPE_EPIPELINE;
	layers = json_object_get(root, "layers");
	sound = add_size(json_object_get(root, "config"), bytes);
	json_array_foreach(layers, k, one) sound = sound && add_size(one, bytes);
	if (!json_is_array(layers)) /* the index of several platforms */
		*bytes = 0;
	json_decref(root);
	return sound ? PIPE_OK : error_set(err, PIPE_EPIPELINE, "the manifest of the image has a size that cannot be");
}

int image_layout_read(struct image_work *i, pipe_error *err)
{
	struct stage_job *job = i->job;
	const char *path = arena_printf(job->arena, "%s/index.json", i->layout), *text;
	int rc;

	text = path ? job->world->read(job->world->payload, job->arena, path, err) : NULL;
	if (!text)
		return path ? err->code : error_nomem(err);
	rc = image_layout_digest(job->arena, text, &i->digest, err);
	if (rc)
		return rc;
	path = arena_printf(job->arena, "%s/blobs/sha256/%s", i->layout, i->digest + 7);
	text = path ? job->world->read(job->world->payload, job->arena, path, err) : NULL;
	if (!text)
		return path ? err->code : error_nomem(err);
	return image_layout_bytes(text, &i->bytes, err);
}
