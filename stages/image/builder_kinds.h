/*
 * The builders, one file for those that are called alike, and what their argument vectors share.  A builder is a row of its file, and a row
 * of image_builders (builder.c).
 */
#ifndef STAGES_IMAGE_BUILDER_KINDS_H
#define STAGES_IMAGE_BUILDER_KINDS_H

#include "stages/image/builder.h"

extern const struct image_builder builder_buildah, builder_podman;			  /* builder_buildah.c */
extern const struct image_builder builder_buildx, builder_docker, builder_docker_classic; /* builder_docker.c */
extern const struct image_builder builder_buildkit;					  /* builder_buildkit.c */
extern const struct image_builder builder_kaniko;					  /* builder_kaniko.c */

/* What buildah and docker's buildx can both do. */
enum {
	CAN_MOST = CAN_SECRETS | CAN_PLATFORMS | CAN_PLATFORM | CAN_STORE | CAN_CACHE_APART | CAN_CACHE_TO | CAN_EPOCH |
		   CAN_LAYOUT | WRITES_ID,
};
#define BUILDKIT_CLAMPS "BuildKit sets times to source_date_epoch that are later, and leaves earlier ones as they are"

/* ---- builder_argv.c ---- */
/* What all of them but BuildKit call alike: Dockerfile, target, arguments, labels, secrets, platforms. */
void builder_add_common(const struct image_work *i, struct argv *v);
/* The option before each tag. */
void builder_add_tags(const struct image_work *i, const char *option, struct argv *v);
/* The option, and the texts with commas between them; nothing where there are none. */
void builder_add_joined(struct argv *v, const char *option, const char *const *texts);
/* A cache as BuildKit calls it: as it is written, or a repository; more: behind the repository. */
const char *builder_cache_place(const struct image_work *i, const char *text, const char *more);
/* A layer out of BuildKit's cache has the times of the build that made it: what is to have one digest begins afresh, as it does with
 * buildah.  Layout and push find what this build leaves there. */
bool builder_begins_afresh(const struct image_work *i);
/* BuildKit's output, with its times rewritten where source_date_epoch asks for it; NULL: no memory. */
const char *builder_rewritten(const struct image_work *i, const char *output);

#endif
