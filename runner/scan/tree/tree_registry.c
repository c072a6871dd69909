/* Images in a registry.  A layer is fetched when it is its turn, into a file without a name: whatever happens, nothing stays behind. */
#include "base/error.h"
#include "runner/oci/registry.h"
#include "runner/scan/layer/layer_stream.h"
#include "runner/scan/tree/tree_image.h"
#include "runner/scan/tree/tree_store.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 16 * 1024 * 1024 };

struct remote {
	struct tree_walk *w;
	struct registry *registry;
	struct oci_reference reference;
};

static int fetch_manifest(void *source, const char *digest, const char **text, size_t *length, pipe_error *err)
{
	struct remote *r = source;
	struct registry_manifest m = { 0 };
	int rc = registry_get_manifest(r->registry, r->reference.repository, digest, &m, err);

	if (rc)
		return rc;
	*length = m.body.length;
	*text = arena_strndup(r->w->a, m.body.data, m.body.length);
	registry_manifest_clear(&m);
	return *text ? PIPE_OK : error_nomem(err);
}

static int fetch_blob(struct remote *r, const char *digest, uint64_t max, struct tree_part *part, pipe_error *err)
{
	struct stat st;
	int fd, rc = layer_digest_check(digest, r->w->target, err);

	if (rc == PIPE_OK)
		rc = tree_scratch_file(r->w, &fd, err);
	if (rc)
		return rc;
	rc = registry_get_blob(r->registry, r->reference.repository, digest, max, fd, err);
	if (rc == PIPE_OK && fstat(fd, &st))
		rc = error_errno(err, PIPE_EIO, errno, "%s", r->w->target);
	if (rc) {
		close(fd);
		return rc;
	}
	*part = (struct tree_part){ fd, true, 0, (uint64_t)st.st_size };
	return PIPE_OK;
}

static int fetch_config(void *source, const char *digest, const char **text, size_t *length, pipe_error *err)
{
	struct remote *r = source;
	struct tree_part part;
	char *bytes;
	int rc = fetch_blob(r, digest, CONFIG_MAX, &part, err);

	if (rc)
		return rc;
	bytes = arena_text(r->w->a, (size_t)part.length + 1);
	if (!bytes)
		rc = error_nomem(err);
	else if (tree_part_read(&part, 0, bytes, (size_t)part.length) != (int64_t)part.length)
		rc = error_errno(err, PIPE_EIO, errno, "the configuration of %s", r->w->target);
	tree_part_close(&part);
	*text = bytes;
	*length = (size_t)part.length;
	return rc;
}

static int open_layer(void *source, const struct tree_layer *layer, struct tree_part *part, pipe_error *err)
{
	struct remote *r = source;
	uint64_t max = r->w->limits.bytes;

	return fetch_blob(r, layer->digest, layer->bytes && layer->bytes < max ? layer->bytes : max, part, err);
}

/* As people write it: without Docker Hub's own names. */
static const char *familiar(const struct oci_reference *ref, struct arena *a)
{
	const char *repository = ref->repository;

	if (strcmp(ref->registry, "docker.io") != 0)
		return arena_printf(a, "%s/%s", ref->registry, repository);
	return !strncmp(repository, "library/", 8) ? repository + 8 : repository;
}

static const char *const *list_of(struct arena *a, const char *text)
{
	const char **list = ARENA_ARRAY(a, const char *, 2);

	if (!list || !text)
		return NULL;
	list[0] = text;
	return list;
}

static int keep_names(struct remote *r, const char *digest, pipe_error *err)
{
	struct arena *a = r->w->a;
	const char *name = familiar(&r->reference, a);
	struct tree_image *image = r->w->image;

	if (!name)
		return error_nomem(err);
	image->repo_digests = list_of(a, arena_printf(a, "%s@%s", name, digest));
	if (!image->repo_digests)
		return error_nomem(err);
	if (!*r->reference.tag)
		return PIPE_OK;
	image->repo_tags = list_of(a, arena_printf(a, "%s:%s", name, r->reference.tag));
	return image->repo_tags ? PIPE_OK : error_nomem(err);
}

static int scan(struct remote *r, pipe_error *err)
{
	const struct tree_image_source source = { fetch_manifest, fetch_config, open_layer, r };
	const struct oci_reference *ref = &r->reference;
	struct registry_manifest m = { 0 };
	int rc = registry_get_manifest(r->registry, ref->repository, *ref->digest ? ref->digest : ref->tag, &m, err);

	if (rc)
		return rc;
	rc = keep_names(r, m.digest, err);
	if (rc == PIPE_OK)
		rc = tree_image_scan(r->w, r->w->target, m.digest, m.body.data, m.body.length, &source, err);
	registry_manifest_clear(&m);
	return rc;
}

int tree_registry_scan(struct tree_walk *w, const char *reference, pipe_error *err)
{
	const struct tree_options *o = w->options;
	struct registry_options options = { .docker_config = o->docker_config,
					    .envp = o->envp,
					    .ca_file = o->ca_file,
					    .insecure = o->insecure,
					    .plain_http = o->plain_http,
					    .cancel = o->cancel };
	struct remote r = { .w = w };
	int rc = oci_reference_parse(reference, w->a, &r.reference, err);

	if (rc == PIPE_OK)
		rc = registry_open(&r.registry, r.reference.registry, &options, err);
	if (rc == PIPE_OK)
		rc = scan(&r, err);
	if (r.registry)
		registry_close(r.registry);
	/* A word by itself was more likely meant as something that is here. */
	if (rc && err && !strpbrk(reference, "/:@")) {
		pipe_error why = *err;
		error_set(err, why.code, "there is no file or directory %s; as an image of a registry: %s", reference, why.text);
	}
	return rc;
}
