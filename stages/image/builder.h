/*
 * What builds images: one row each (builder.c), which says how it is found, how it is seen to work, what it cannot do, and how it is
 * called.  The argument vectors are those of buildah and podman from Debian 12 on, docker 23, BuildKit 0.13 and Kaniko 1.9.
 */
#ifndef STAGES_IMAGE_BUILDER_H
#define STAGES_IMAGE_BUILDER_H

#include "stages/argv.h"
#include "stages/image/image.h"

enum image_can {
	CAN_SECRETS = 1 << 0,
	CAN_PLATFORMS = 1 << 1,	  /* several at once */
	CAN_STORE = 1 << 2,	  /* keeps what it built on this machine */
	CAN_CA_FILE = 1 << 3,	  /* takes the certificate of a registry's authority with a command */
	CAN_INSECURE = 1 << 4,	  /* can be told not to verify one */
	CAN_CACHE_APART = 1 << 5, /* cache_from and cache_to may differ */
	LIKE_BUILDAH = 1 << 6,	  /* takes --authfile and --cert-dir, writes ids and digests, keeps lists of several platforms */
	PUSHES_WHOLE = 1 << 7,	  /* builds and pushes all tags in one command */
};

struct image_builder {
	const char *name;
	const char *programs[3]; /* as they are called; the first that is there */
	const char *package;	 /* how to get it (stage.h: struct stage_tool) */
	const char *probe[5];	 /* what follows the program's name, to see whether it works */
	unsigned can;
	const char *cannot_epoch; /* what is different with source_date_epoch, said in the log; NULL: nothing */
	/* Each begins with the program's name.  build: into its store, or nowhere; layout: as an OCI layout into i->layout, where the
	 * image is built already; push: under one tag (PUSHES_WHOLE: build does it, NULL). */
	void (*build)(const struct image_work *i, struct argv *v);
	void (*layout)(const struct image_work *i, struct argv *v);
	void (*push)(const struct image_work *i, const struct image_tag *tag, struct argv *v);
};

/* In the order in which `auto` takes them; a row without a name ends it. */
extern const struct image_builder image_builders[];
const struct image_builder *image_builder_named(const char *name);
/* Why it cannot do what is asked, in words; NULL: it can (or there is no memory: *nomem). */
const char *image_builder_refuses(const struct image_builder *b, const struct image_work *i);
/* Files of the build in the job's scratch directory. */
const char *image_scratch(const struct image_work *i, const char *name);
/* Does the image go by several platforms? */
bool image_is_multi(const struct image_work *i);

#endif
