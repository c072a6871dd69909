#include "runner/scan/tree/tree_image.h"

#include "base/error.h"
#include "runner/scan/layer/layer_stream.h"
#include <string.h>

enum { INDEXES_MAX = 8, LAYERS_MAX = UINT16_MAX };

struct found_layers {
	struct tree_layer *items;
	uint32_t count;
};

static const char *keep(struct tree_walk *w, const char *text, bool *nomem)
{
	const char *copy = arena_strdup(w->a, text);

	if (!copy)
		*nomem = true;
	return copy ? copy : "";
}

static int too_many(const struct tree_walk *w, size_t count, pipe_error *err)
{
	return tree_over(err, "layers", w->limits.layers, "%s has %zu layers, more than may be looked at", w->target, count);
}

static int read_diff_ids(struct tree_walk *w, const char *digest, const json_t *config, uint32_t *layers, pipe_error *err)
{
	const json_t *list = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	size_t count = json_array_size(list);
	const char **ids;

	if (!json_is_array(list))
		return error_set(err, PIPE_EPIPELINE, "%s: the configuration %s has no rootfs.diff_ids: it is not an image's",
				 w->target, digest);
	if (count > w->limits.layers || count > LAYERS_MAX)
		return too_many(w, count, err);
	ids = ARENA_ARRAY(w->a, const char *, count + 1);
	if (!ids)
		return error_nomem(err);
	for (size_t i = 0; i < count; i++) {
		const char *id = json_string_value(json_array_get(list, i));
		int rc = layer_digest_check(id ? id : "", "a diff id of the configuration", err);

		if (rc)
			return rc;
		ids[i] = arena_strdup(w->a, id);
		if (!ids[i])
			return error_nomem(err);
	}
	w->image->diff_ids = ids;
	*layers = (uint32_t)count;
	return PIPE_OK;
}

int tree_config_read(struct tree_walk *w, const char *digest, const char *text, size_t length, uint32_t *layers, pipe_error *err)
{
	struct tree_image *image = w->image;
	bool nomem = false;
	json_t *config;
	int rc = tree_load_json("the image's configuration", text, length, &config, err);

	if (rc)
		return rc;
	image->image = true;
	image->id = keep(w, digest, &nomem);
	image->os = keep(w, tree_json_text(config, "os"), &nomem);
	image->architecture = keep(w, tree_json_text(config, "architecture"), &nomem);
	image->created = keep(w, tree_json_text(config, "created"), &nomem);
	image->user = keep(w, tree_json_text(json_object_get(config, "config"), "User"), &nomem);
	rc = nomem ? error_nomem(err) : read_diff_ids(w, digest, config, layers, err);
	json_decref(config);
	return rc ? rc : tree_platform_check(w, err);
}

static int read_layer(struct tree_walk *w, const json_t *layer, struct tree_layer *out, pipe_error *err)
{
	const char *digest = tree_json_text(layer, "digest"), *type = tree_json_text(layer, "mediaType");
	json_int_t size = json_integer_value(json_object_get(layer, "size"));
	int rc = layer_digest_check(digest, "a layer of the manifest", err);

	if (rc)
		return rc;
	if (strstr(type, "encrypted"))
		return error_set(err, PIPE_EUNSUPPORTED, "layer %s is encrypted (%.100s): it cannot be looked into", digest,
				 type);
	out->digest = arena_strdup(w->a, digest);
	out->bytes = size > 0 ? (uint64_t)size : 0;
	w->image->compressed_bytes += out->bytes;
	return out->digest ? PIPE_OK : error_nomem(err);
}

static int read_layers(struct tree_walk *w, const json_t *manifest, struct found_layers *out, pipe_error *err)
{
	const json_t *list = json_object_get(manifest, "layers");
	size_t count = json_array_size(list);
	int rc = PIPE_OK;

	if (!json_is_array(list))
		return error_set(err, PIPE_EPIPELINE, "%s: the manifest has no layers", w->target);
	if (count > w->limits.layers || count > LAYERS_MAX)
		return too_many(w, count, err);
	out->count = (uint32_t)count;
	out->items = ARENA_ARRAY(w->a, struct tree_layer, count + 1);
	if (!out->items)
		return error_nomem(err);
	for (size_t i = 0; rc == PIPE_OK && i < count; i++)
		rc = read_layer(w, json_array_get(list, i), &out->items[i], err);
	return rc;
}

static int is_image(const struct tree_walk *w, const json_t *manifest, pipe_error *err)
{
	const json_t *config = json_object_get(manifest, "config");
	const char *type = tree_json_text(config, "mediaType"), *artifact = tree_json_text(manifest, "artifactType");

	if (json_integer_value(json_object_get(manifest, "schemaVersion")) == 1)
		return error_set(err, PIPE_EUNSUPPORTED,
				 "%s has a manifest of Docker's schema 1, which is no longer in use: push it again "
				 "with a newer builder",
				 w->target);
	if (!json_is_object(config))
		return error_set(err, PIPE_EPIPELINE, "%s: the manifest names no configuration", w->target);
	if (*artifact || (*type && strcmp(type, "application/vnd.oci.image.config.v1+json") != 0 &&
			  strcmp(type, "application/vnd.docker.container.image.v1+json") != 0))
		return error_set(err, PIPE_EPIPELINE, "%s is no image but an artifact of type %.200s", w->target,
				 *artifact ? artifact : type);
	return PIPE_OK;
}

static int scan_manifest(struct tree_walk *w, const char *digest, const json_t *manifest, const struct tree_image_source *source,
			 pipe_error *err)
{
	const char *config = tree_json_text(json_object_get(manifest, "config"), "digest"), *text;
	struct found_layers layers = { 0 };
	uint32_t count;
	size_t length;
	int rc = is_image(w, manifest, err);

	if (rc == PIPE_OK)
		rc = read_layers(w, manifest, &layers, err);
	if (rc == PIPE_OK)
		rc = source->config(source->payload, config, &text, &length, err);
	if (rc == PIPE_OK)
		rc = tree_config_read(w, config, text, length, &count, err);
	if (rc)
		return rc;
	if (count != layers.count)
		return error_set(err, PIPE_EPIPELINE, "%s: the manifest has %u layers, its configuration %u diff ids", w->target,
				 layers.count, count);
	w->image->digest = arena_strdup(w->a, digest);
	if (!w->image->digest)
		return error_nomem(err);
	for (uint32_t i = 0; i < count; i++)
		layers.items[i].diff_id = w->image->diff_ids[i];
	return layers_scan(w, layers.items, count, source->layer, source->payload, err);
}

int tree_image_scan(struct tree_walk *w, const char *what, const char *digest, const char *text, size_t length,
		    const struct tree_image_source *source, pipe_error *err)
{
	for (unsigned depth = 0; depth < INDEXES_MAX; depth++) {
		const json_t *entry;
		json_t *document;
		int rc = tree_load_json(what, text, length, &document, err);

		if (rc)
			return rc;
		if (!json_is_array(json_object_get(document, "manifests"))) {
			rc = scan_manifest(w, digest, document, source, err);
			json_decref(document);
			return rc;
		}
		rc = tree_index_choose(w, what, depth == 0, document, &entry, err);
		if (rc == PIPE_OK && !(digest = arena_strdup(w->a, tree_json_text(entry, "digest"))))
			rc = error_nomem(err);
		json_decref(document);
		what = digest;
		if (rc == PIPE_OK)
			rc = source->manifest(source->payload, digest, &text, &length, err);
		if (rc)
			return rc;
	}
	return error_set(err, PIPE_ELIMIT, "%s: indexes lead to indexes, %d deep: no real image is like that", w->target,
			 INDEXES_MAX);
}
