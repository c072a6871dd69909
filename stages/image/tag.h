/*
 * Which tags an image gets: what is written, and the rules `semver`, `sha` and `branch`, which stand for what the run is of.  `latest` is a
 * tag like others, given only where it is written.  A tag that moves from image to image (1.2, 1, latest, a branch) is never given to a
 * pre-release, and comes after those that stay.
 */
#ifndef STAGES_IMAGE_TAG_H
#define STAGES_IMAGE_TAG_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"
#include <stdbool.h>

struct image_tag {
	const char *reference;	/* "registry.example.com/shop:1.2.3" */
	const char *repository; /* without the tag */
	const char *tag;
	bool moving;
};
typedef VEC(struct image_tag) image_tag_list;

/* What a run is of; NULL: it is not of such. */
struct image_origin {
	const char *git_tag, *sha, *branch; /* sha: short; branch: as it may stand in a tag */
};

/* A list of these, in the arena. */
struct image_tagging {
	struct arena *a;
	const char *name; /* repository of tags that name none; NULL: they must */
	struct image_origin origin;
	image_tag_list tags;	 /* out: each once, those that stay first */
	VEC(const char *) notes; /* out: rules that gave nothing, in words */
};

/* What one entry of `tags` says.  PIPE_EUSAGE: what is wrong with it. */
int image_tag_add(struct image_tagging *t, const char *text, pipe_error *err);
/* Puts the ones that move behind the others. */
void image_tag_order(struct image_tagging *t);
/* Is it the name of an image, without a tag?  Otherwise err says what is wrong. */
int image_name_check(const char *name, pipe_error *err);

#endif
