/* What a registry has under a tag: its digest, how large it is, what kind it is. */
#include "base/error.h"
#include "runner/action/registry.h"
#include "runner/oci/manifest_view.h"

/* Where an index leads to itself there is no digest that fits; it is deep, at most. */
enum { DEPTH_MAX = 4 };

struct resolve {
	struct registry *registry;
	const struct oci_reference *reference;
	struct arena *arena;
};

static int size_of(struct resolve *s, const struct manifest_view *v, unsigned depth, uint64_t *bytes, pipe_error *err);

static int size_of_part(struct resolve *s, const struct manifest_blob *part, unsigned depth, uint64_t *bytes, pipe_error *err)
{
	struct registry_manifest m;
	struct manifest_view v;
	int rc = registry_get_manifest(s->registry, s->reference->repository, part->digest, &m, err);

	if (rc == PIPE_OK)
		rc = manifest_view(&m, s->arena, &v, err);
	registry_manifest_clear(&m);
	return rc ? rc : size_of(s, &v, depth + 1, bytes, err);
}

/* Of an index its largest image: that is what somebody may have to pull. */
static int size_of(struct resolve *s, const struct manifest_view *v, unsigned depth, uint64_t *bytes, pipe_error *err)
{
	int rc = PIPE_OK;

	*bytes = 0;
	if (!v->index)
		return manifest_bytes(v, bytes) ? PIPE_OK : error_set(err, PIPE_EPIPELINE, "the sizes in the manifest are none");
	if (depth >= DEPTH_MAX)
		return error_set(err, PIPE_ELIMIT, "the index has indexes in it, more than %d deep", DEPTH_MAX);
	for (uint32_t i = 0; rc == PIPE_OK && i < v->parts.count; i++) {
		uint64_t part = 0;
		if (v->parts.items[i].attestation)
			continue;
		rc = size_of_part(s, &v->parts.items[i], depth, &part, err);
		*bytes = part > *bytes ? part : *bytes;
	}
	return rc;
}

static int look_up(struct resolve *s, const char **answer, pipe_error *err)
{
	const struct oci_reference *ref = s->reference;
	struct registry_manifest m;
	struct manifest_view v;
	uint64_t bytes;
	int rc = registry_get_manifest(s->registry, ref->repository, *ref->digest ? ref->digest : ref->tag, &m, err);

	if (rc == PIPE_OK)
		rc = manifest_view(&m, s->arena, &v, err);
	if (rc == PIPE_OK)
		rc = size_of(s, &v, 0, &bytes, err);
	if (rc == PIPE_OK) {
		*answer = arena_printf(s->arena, "%s %llu %s", m.digest, (unsigned long long)bytes, m.media_type);
		rc = *answer ? PIPE_OK : error_nomem(err);
	}
	registry_manifest_clear(&m);
	return rc;
}

int action_resolve(const void *arguments, struct action_context *context, pipe_error *err)
{
	const struct action_resolve *a = arguments;
	struct oci_reference reference;
	struct resolve s = { .reference = &reference, .arena = context->arena };
	int rc = oci_reference_parse(a->reference, context->arena, &reference, err);

	if (rc == PIPE_OK)
		rc = action_registry_open(&s.registry, &reference, &a->registry, context, err);
	if (rc == PIPE_OK)
		rc = look_up(&s, &context->answer, err);
	registry_close(s.registry);
	return rc;
}
