/* OCI image layouts (OCI image spec, "Image Layout"): index.json, and blobs by their digest. */
#include "base/error.h"
#include "runner/scan/layer/layer_stream.h"
#include "runner/scan/tree/tree_image.h"
#include "runner/scan/tree/tree_store.h"
#include <string.h>

struct layout {
	struct tree_walk *w;
	struct tree_store *store;
};

/* A blob that the layout does not have is the layout's fault, not a target that is not there. */
static int missing(int rc, const char *digest, pipe_error *err)
{
	if (rc != PIPE_ENOTFOUND)
		return rc;
	return error_set(err, PIPE_EPIPELINE, "the layout is not whole: there is no blob %s in it", digest);
}

static const char *blob_path(struct layout *l, const char *digest)
{
	const char *colon = strchr(digest, ':');

	return arena_printf(l->w->a, "blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
}

static int fetch(void *source, const char *digest, const char **text, size_t *length, pipe_error *err)
{
	struct layout *l = source;
	const char *path;
	int rc = layer_digest_check(digest, "index.json", err);

	if (rc)
		return rc;
	path = blob_path(l, digest);
	if (!path)
		return error_nomem(err);
	return missing(tree_store_read(l->store, path, digest, text, length, err), digest, err);
}

static int open_layer(void *source, const struct tree_layer *layer, struct tree_part *part, pipe_error *err)
{
	struct layout *l = source;
	const char *path = blob_path(l, layer->digest);
	int rc = path ? missing(tree_store_part(l->store, path, part, err), layer->digest, err) : error_nomem(err);

	if (rc == PIPE_OK && layer->bytes && part->length != layer->bytes) {
		rc = error_set(err, PIPE_EPIPELINE, "layer %s is %s: it has %llu bytes, not %llu as its manifest says",
			       layer->digest, part->length < layer->bytes ? "truncated" : "too long",
			       (unsigned long long)part->length, (unsigned long long)layer->bytes);
		tree_part_close(part);
	}
	return rc;
}

int tree_oci_scan(struct tree_walk *w, struct tree_store *store, pipe_error *err)
{
	struct layout l = { w, store };
	const struct tree_image_source source = { fetch, fetch, open_layer, &l };
	const char *text;
	size_t length;
	int rc = tree_store_read(store, "index.json", NULL, &text, &length, err);

	if (rc == PIPE_ENOTFOUND)
		return error_set(err, PIPE_EPIPELINE, "%s is no OCI layout: there is no index.json in it", w->target);
	return rc ? rc : tree_image_scan(w, "index.json", "", text, length, &source, err);
}
