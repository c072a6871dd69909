/*
 * What builds images: one row each (builder_*.c), which says how it is found, how it is seen to work, what it cannot do, and how it is
 * called.  The argument vectors are those of buildah and podman from Debian 12 on, docker 20.10, buildx 0.12, BuildKit 0.13 and Kaniko 1.9.
 * Docker has three rows: with its plugin buildx, with the BuildKit that docker before 23 has in itself, and with its classic builder.
 */
#ifndef STAGES_IMAGE_BUILDER_H
#define STAGES_IMAGE_BUILDER_H

#include "stages/argv.h"
#include "stages/image/image.h"

enum image_can {
	CAN_SECRETS = 1 << 0,
	CAN_PLATFORMS = 1 << 1,	  /* several at once */
	CAN_STORE = 1 << 2,	  /* keeps what it built on this machine */
	CAN_CACHE_APART = 1 << 3, /* cache_from and cache_to may differ */
	CAN_CACHE_TO = 1 << 4,	  /* puts layers into a repository */
	CAN_EPOCH = 1 << 5,	  /* two builds of one source have one digest */
	CAN_PLATFORM = 1 << 6,	  /* takes the name of one */
	LIKE_BUILDAH = 1 << 7,	  /* takes --authfile and --cert-dir, writes digests, keeps lists of several platforms */
	WRITES_ID = 1 << 8,	  /* the image's name in its store, into the scratch file "id" */
	CAN_LAYOUT = 1 << 9,	  /* writes an OCI layout */
	PUSHES_WHOLE = 1 << 10,	  /* builds and pushes all tags in one command */
};

struct image_builder {
	const char *name;
	const char *how;	 /* which of the ways of this name, as in "docker with buildx"; "": it has one */
	const char *programs[3]; /* as they are called; the first that is there */
	const char *package;	 /* how to get it (stage.h: struct stage_tool) */
	const char *probe[5];	 /* what follows the program's name, to see whether it works */
	const char *probe_text;	 /* instead of `probe`: text for sh, with the program as $0 */
	const char *probe_epoch; /* and where source_date_epoch is asked for; NULL: the same */
	const char *env;	 /* "NAME=VALUE" of its process; NULL: nothing */
	unsigned can;
	const char *other_epoch; /* what is different with source_date_epoch, said in the log; NULL: nothing */
	const char *
		other_tls; /* where it is told which registries are trusted, where ca_file or tls_verify do not reach it; or NULL */
	/* Each begins with the program's name.  build: into its store, or nowhere; layout: as an OCI layout into i->layout, where the
	 * image is built already; push: under one tag (PUSHES_WHOLE: build does it, NULL). */
	void (*build)(const struct image_work *i, struct argv *v);
	void (*layout)(const struct image_work *i, struct argv *v);
	void (*push)(const struct image_work *i, const struct image_tag *tag, struct argv *v);
};

/* In the order in which `auto` takes them; NULL ends it. */
extern const struct image_builder *const image_builders[];
/* Why it cannot do what is asked, in words; NULL: it can (or there is no memory: *nomem). */
const char *image_builder_refuses(const struct image_builder *b, const struct image_work *i);
/* Files of the build in the job's scratch directory. */
const char *image_scratch(const struct image_work *i, const char *name);
/* Does the image go by several platforms? */
bool image_is_multi(const struct image_work *i);

#endif
