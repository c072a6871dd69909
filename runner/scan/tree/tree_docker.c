/*
 * Docker archives (docker save, buildah push docker-archive:): manifest.json names a configuration and the members that are the layers,
 * bottom first.  No digest of a member is given: a layer must have its diff id, the configuration the name of its digest.
 */
#include "base/error.h"
#include "base/str.h"
#include "runner/scan/tree/tree_image.h"
#include "runner/scan/tree/tree_store.h"
#include <string.h>

enum { IMAGES_MAX = 10 * 1000 };

static bool is_tagged(const json_t *image, const char *name)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(image, "RepoTags"), i, tag)
	{
		const char *text = json_string_value(tag);

		if (text && !strcmp(text, name))
			return true;
	}
	return false;
}

static void show_tags(const json_t *list, struct str *out)
{
	const json_t *image, *tag;
	size_t i, j;

	json_array_foreach(list, i, image)
	{
		json_array_foreach(json_object_get(image, "RepoTags"), j, tag)
		{
			if (json_string_value(tag) && out->length < 300)
				str_printf(out, "%s%.100s", out->length ? ", " : "", json_string_value(tag));
		}
	}
}

static int choose(struct tree_walk *w, const json_t *list, const json_t **out, pipe_error *err)
{
	const json_t *image;
	struct str tags;
	size_t i;
	int rc;

	*out = NULL;
	json_array_foreach(list, i, image)
	{
		if (!*out && (w->name ? is_tagged(image, w->name) : json_array_size(list) == 1))
			*out = image;
	}
	if (json_is_object(*out))
		return PIPE_OK;
	str_init(&tags);
	show_tags(list, &tags);
	rc = w->name ? error_set(err, PIPE_ENOTFOUND, "%s holds no image \"%.100s\"; there are: %s", w->target, w->name,
				 tags.data)
		     : error_set(err, json_array_size(list) > 1 ? PIPE_EUSAGE : PIPE_EPIPELINE,
				 "%s holds %zu images: write which one behind the path (PATH:NAME); there are: %s", w->target,
				 json_array_size(list), tags.data);
	str_clear(&tags);
	return rc;
}

static int keep_tags(struct tree_walk *w, const json_t *image, pipe_error *err)
{
	const json_t *list = json_object_get(image, "RepoTags"), *tag;
	const char **tags = ARENA_ARRAY(w->a, const char *, json_array_size(list) + 1);
	size_t i, n = 0;

	if (!tags)
		return error_nomem(err);
	json_array_foreach(list, i, tag)
	{
		if (json_string_value(tag) && !(tags[n++] = arena_strdup(w->a, json_string_value(tag))))
			return error_nomem(err);
	}
	w->image->repo_tags = tags;
	return PIPE_OK;
}

/* Its name is its digest: "<hex>.json", or "blobs/sha256/<hex>". */
static int check_config_name(struct tree_walk *w, const char *name, const char *digest, pipe_error *err)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t n = strspn(base, "0123456789abcdef");

	if (n == 64 && (!base[n] || !strcmp(base + n, ".json")) && strncmp(base, digest + 7, n) != 0)
		return error_set(err, PIPE_EPIPELINE,
				 "%s: the configuration \"%.100s\" has the digest %s: it is damaged or was changed", w->target,
				 name, digest);
	return PIPE_OK;
}

static int read_config(struct tree_walk *w, struct tree_store *store, const json_t *image, uint32_t *layers, pipe_error *err)
{
	const char *name = tree_json_text(image, "Config"), *text = NULL, *digest = NULL;
	size_t length = 0;
	int rc = tree_store_read(store, name, NULL, &text, &length, err);

	if (rc == PIPE_ENOTFOUND)
		rc = error_set(err, PIPE_EPIPELINE, "%s: the configuration \"%.200s\" is not in it", w->target, name);
	if (rc == PIPE_OK)
		rc = tree_digest_of(w, text, length, &digest, err);
	if (rc == PIPE_OK)
		rc = check_config_name(w, name, digest, err);
	return rc ? rc : tree_config_read(w, digest, text, length, layers, err);
}

static int open_layer(void *source, const struct tree_layer *layer, struct tree_part *part, pipe_error *err)
{
	int rc = tree_store_part(source, layer->path, part, err);

	return rc == PIPE_ENOTFOUND ? error_set(err, PIPE_EPIPELINE,
						"the archive is not whole: the layer \"%.200s\" is not in it", layer->path)
				    : rc;
}

/* All of them are looked for before the first is read: an archive that was cut short is known at once, and so is the size. */
static int list_layers(struct tree_walk *w, struct tree_store *store, const json_t *names, struct tree_layer *layers,
		       pipe_error *err)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		struct tree_part part;
		int rc;

		layers[i].diff_id = w->image->diff_ids[i];
		layers[i].path = arena_strdup(w->a, json_string_value(name) ? json_string_value(name) : "");
		if (!layers[i].path)
			return error_nomem(err);
		rc = open_layer(store, &layers[i], &part, err);
		if (rc)
			return rc;
		layers[i].bytes = part.length;
		w->image->compressed_bytes += part.length;
		tree_part_close(&part);
	}
	return PIPE_OK;
}

static int scan_image(struct tree_walk *w, struct tree_store *store, const json_t *image, pipe_error *err)
{
	const json_t *names = json_object_get(image, "Layers");
	struct tree_layer *layers;
	uint32_t count;
	int rc = read_config(w, store, image, &count, err);

	if (rc == PIPE_OK)
		rc = keep_tags(w, image, err);
	if (rc)
		return rc;
	if (json_array_size(names) != count)
		return error_set(err, PIPE_EPIPELINE, "%s: manifest.json names %zu layers, the configuration %u diff ids",
				 w->target, json_array_size(names), count);
	layers = ARENA_ARRAY(w->a, struct tree_layer, (size_t)count + 1);
	if (!layers)
		return error_nomem(err);
	rc = list_layers(w, store, names, layers, err);
	return rc ? rc : layers_scan(w, layers, count, open_layer, store, err);
}

int tree_docker_scan(struct tree_walk *w, struct tree_store *store, pipe_error *err)
{
	const json_t *image = NULL;
	json_error_t at;
	json_t *list;
	const char *text;
	size_t length = 0;
	int rc = tree_store_read(store, "manifest.json", NULL, &text, &length, err);

	if (rc)
		return rc == PIPE_ENOTFOUND ? error_set(err, PIPE_EPIPELINE,
							"%s is no docker archive: there is no manifest.json in it", w->target)
					    : rc;
	list = json_loadb(text, length, 0, &at);
	if (!list)
		return error_set(err, PIPE_EPIPELINE, "%s: manifest.json is no JSON: line %d: %s", w->target, at.line, at.text);
	if (!json_is_array(list) || json_array_size(list) > IMAGES_MAX)
		rc = error_set(err, PIPE_EPIPELINE, "%s: manifest.json is no list of images", w->target);
	else
		rc = choose(w, list, &image, err);
	if (rc == PIPE_OK)
		rc = scan_image(w, store, image, err);
	json_decref(list);
	return rc;
}
