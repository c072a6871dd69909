/* The builders, in one list; and what of a job one of them cannot do. */
#include "stages/image/builder_kinds.h"

#include <string.h>

const struct image_builder *const image_builders[] = { &builder_buildah, &builder_buildx,
						       &builder_docker,	 &builder_docker_classic,
						       &builder_podman,	 &builder_buildkit,
						       &builder_kaniko,	 NULL };

const char *image_scratch(const struct image_work *i, const char *name)
{
	return arena_printf(i->job->arena, "%s/%s", i->job->scratch, name);
}

bool image_is_multi(const struct image_work *i)
{
	return i->set.platforms && i->set.platforms[0] && i->set.platforms[1];
}

/* ---- what it cannot do ---- */

static bool wants_secrets(const struct image_work *i)
{
	return i->set.secrets.count > 0;
}

static bool wants_store(const struct image_work *i)
{
	return !i->set.push && !i->set.archive;
}

static bool wants_list(const struct image_work *i)
{
	return wants_store(i) && image_is_multi(i);
}

static bool wants_cache_to(const struct image_work *i)
{
	return i->set.cache_to != NULL;
}

static bool wants_epoch(const struct image_work *i)
{
	return i->set.epoch >= 0;
}

static bool wants_layout(const struct image_work *i)
{
	return i->set.archive || (i->set.sbom && !i->set.push);
}

static bool wants_platform(const struct image_work *i)
{
	return i->set.platforms && i->set.platforms[0];
}

static bool wants_caches(const struct image_work *i)
{
	const struct image_settings *s = &i->set;

	return s->cache_from && (s->cache_from[1] || (s->cache_to && strcmp(s->cache_from[0], s->cache_to) != 0));
}

static const struct {
	unsigned can;
	bool (*wants)(const struct image_work *i);
	const char *why;
} limits[] = {
	{ CAN_SECRETS, wants_secrets,
	  "has no secrets that are seen only while it builds: take a builder that has, or a variable at run time" },
	{ CAN_PLATFORMS, image_is_multi, "builds for one platform at a time: name one in \"platforms\"" },
	{ CAN_STORE, wants_store, "keeps no images on this machine: add \"push: true\" or \"archive\"" },
	{ LIKE_BUILDAH, wants_list,
	  "keeps images of several platforms nowhere on this machine: add \"push: true\" or \"archive\"" },
	{ CAN_PLATFORM, wants_platform,
	  "builds for this machine's platform only: leave \"platforms\" out, or add buildx to docker" },
	{ CAN_EPOCH, wants_epoch,
	  "leaves the times of the build in the image, and \"source_date_epoch\" asks for others: add buildx to docker, or take "
	  "buildah" },
	{ CAN_LAYOUT, wants_layout,
	  "writes no OCI layout, which \"archive\" and a bill without a push are made of: add buildx to docker, or take buildah" },
	{ CAN_CACHE_TO, wants_cache_to, "puts no layers into a repository: leave \"cache_to\" out, or add buildx to docker" },
	{ CAN_CACHE_APART, wants_caches,
	  "has one cache for reading and writing: name the same repository in \"cache_from\" and \"cache_to\"" },
};

const char *image_builder_refuses(const struct image_builder *b, const struct image_work *i)
{
	for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++)
		if (!(b->can & limits[k].can) && limits[k].wants(i))
			return limits[k].why;
	return NULL;
}